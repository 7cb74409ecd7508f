import { describe, expect, it } from '@jest/globals';
import { images, imageToProtect, ofProd, pushedAt, sweep } from '../builders/image-to-protect.ts';
import { refusal } from '../builders/memory-registry-locks.ts';
import { digestOf } from '../builders/registry-event.ts';

const { index, arm, amd } = images;
const all = [index, arm, amd];
const shut = [false, false];

describe('F3: when untagged manifests are swept, and locked ones passed over without a look at what they list', () => {
  it('an index that is not locked keeps its children, and one that alone is locked loses them', async () => {
    const unlocked = imageToProtect();
    expect(await sweep(unlocked, all)).toEqual([]);
    const exposed = imageToProtect();
    exposed.repository.lock({ digest: index }, { canDelete: false, canWrite: false });
    expect(await sweep(exposed, all)).toEqual([arm, amd]);
  });

  it('an approved one keeps them, since they are locked themselves', async () => {
    const made = imageToProtect();
    await made.release('team/app:prod');
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => shut));
    expect(await sweep(made, all)).toEqual([]);
  });

  it('what an index within an index lists, and the signature of a child, are kept as well', async () => {
    const made = imageToProtect();
    const [outer, signature] = [digestOf('outer'), digestOf('signature')];
    made.repository.pushIndex('nested', outer, [index], pushedAt);
    made.repository.push(undefined, signature, pushedAt, {
      artifactType: 'application/vnd.cncf.notary.signature',
      subject: { digest: arm },
    });
    await made.release('team/app:nested');
    made.repository.untag('prod');
    expect(await sweep(made, [outer, ...all, signature])).toEqual([]);
    expect(made.memory.calls.map(({ call }) => call.replace('team/app ', '')).slice(-3)).toEqual([
      index,
      outer,
      'tag:nested',
    ]);
  });

  it('a child whose lock failed leaves the index unlocked, so that the sweep still looks at what it lists', async () => {
    const made = imageToProtect();
    made.memory.faults.refuse = (call) => (call.endsWith(arm) ? refusal(405) : undefined);
    await made.release('team/app:prod');
    expect(await sweep(made, all)).toEqual([]);
  });
});
