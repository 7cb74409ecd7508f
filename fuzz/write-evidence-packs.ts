import { writeFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { evidenceArchive } from '../src/api/evidence-archive.ts';
import { evidencePacks, waitingLeaf } from '../test/builders/evidence-pack.ts';
import { evidenceSigner } from './targets/evidence.ts';

/** Writes the packs of the corpus anew, after their layout has changed. */
async function write(): Promise<void> {
  const { pack } = await evidencePacks(evidenceSigner);
  const whole = await pack();
  const text = JSON.stringify(whole);
  const files = {
    pack: text,
    'pack-with-a-waiting-record': JSON.stringify(await pack({ waiting: [waitingLeaf] })),
    archive: evidenceArchive(whole),
    'another-file-in-it': zipSync({
      'evidence.json': Buffer.from(text),
      'summary.html': Buffer.from(''),
      '../x': Buffer.from('x'),
    }),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(`test/corpus/evidence/${name}.bin`, content);
  }
}

void write();
