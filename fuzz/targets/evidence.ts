import fc from 'fast-check';
import { zipSync } from 'fflate';
import { readEvidence } from '../../src/api/evidence-archive.ts';
import { readPack } from '../../src/ledger/evidence-pack.ts';
import { verifyEvidence } from '../../src/ledger/evidence-verification.ts';
import { noteSigner } from '../../test/builders/note-signer.ts';
import { keptInputs } from '../corpus.ts';
import { fixedKey } from '../fixed-key.ts';
import { jsonOf } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { anyJson, asJson } from '../values.ts';

/** Whoever signed the packs in the corpus. */
export const evidenceSigner = noteSigner('ed25519', fixedKey('the log of the packs'));
const key = evidenceSigner.keyOf('acr-audit/contoso.azurecr.io');
const stranger = noteSigner('ed25519', fixedKey('another log')).keyOf('acr-audit/contoso.azurecr.io');

type Fields = Readonly<Record<string, unknown>>;

/** The packs of the corpus that are as they should be: whatever is believed tells nothing beside them. */
const genuine: readonly Fields[] = keptInputs({ name: 'evidence' }).flatMap(({ file, input }) => {
  const pack = file.startsWith('pack') ? jsonOf(Buffer.from(input, 'latin1').toString())?.value : undefined;
  return typeof pack === 'object' && pack !== null ? [Object.fromEntries(Object.entries(pack))] : [];
});

function listOf(pack: Fields, name: string): readonly unknown[] {
  const list = pack[name];
  return Array.isArray(list) ? list : [];
}

const sealed = new Set(
  genuine.flatMap((pack) => listOf(pack, 'records').map((record) => JSON.stringify(record))),
);
const subjects = new Set(genuine.map((pack) => JSON.stringify(pack['subject'])));

const packs = fc.constantFrom(...(genuine.length === 0 ? [{}] : genuine)).chain((pack) =>
  fc.record({
    ...Object.fromEntries(
      Object.entries(pack).map(([name, value]) => [
        name,
        fc.oneof({ weight: 30, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: anyJson }),
      ]),
    ),
    records: fc.oneof(
      { weight: 3, arbitrary: fc.constant(listOf(pack, 'records')) },
      { weight: 1, arbitrary: fc.shuffledSubarray([...listOf(pack, 'records')]) },
      { weight: 1, arbitrary: fc.subarray([...listOf(pack, 'records')]) },
    ),
  }),
);
const names = fc.constantFrom(
  'evidence.json',
  'summary.html',
  '../evidence.json',
  '/etc/passwd',
  'evidence.json/',
  'EVIDENCE.JSON',
);
const archives = fc
  .tuple(
    packs,
    fc.array(fc.tuple(names, fc.constantFrom('<p>', '{}')), { maxLength: 2 }),
    fc.constantFrom<0 | 6>(0, 6),
  )
  .map(([pack, others, level]) => {
    const files = new Map(
      [['evidence.json', asJson(pack)], ['summary.html', ''], ...others].map(([name = '', text = '']) => [
        name,
        Buffer.from(text),
      ]),
    );
    return Buffer.from(zipSync(Object.fromEntries(files), { level, mtime: new Date(1980, 0, 1) }));
  });

/** Evidence packs, as JSON and as zip files. */
export const evidence: Target = {
  name: 'evidence',
  form: 'bytes',
  property:
    'a pack is believed only by a key that signed its log, with records that are in that log as they are; what unpacks to more than a pack can be, or has another file in it, is none',
  made: fc
    .oneof(
      packs.map((pack) => Buffer.from(asJson(pack))),
      archives,
    )
    .map((bytes) => bytes.toString('latin1')),
  words: [
    'PK\u0003\u0004',
    'PK\u0001\u0002',
    'PK\u0005\u0006',
    'evidence.json',
    'summary.html',
    '../',
    '"records":[',
    '"proof":[',
    '"index":',
    '"waiting":[',
    '"told":{',
    '\u00ff\u00ff\u00ff\u00ff',
  ],
  large: {
    'a bomb': (length) =>
      Buffer.from(
        zipSync(
          {
            'evidence.json': new Uint8Array(Math.min(length * 900, 300_000_000)),
            'summary.html': new Uint8Array(),
          },
          { level: 9 },
        ),
      ).toString('latin1'),
    'many files': (length) =>
      Buffer.from(
        zipSync(
          Object.fromEntries(Array.from({ length: length / 128 }, (_, at) => [`f${at}`, new Uint8Array()])),
        ),
      ).toString('latin1'),
    records: (length) =>
      asJson({
        ...genuine[0],
        records: Array.from({ length: length / 60 }, (_, index) => ({
          registry: 'contoso.azurecr.io',
          index,
          leaf: 'a',
          proof: [],
        })),
      }),
    sections: (length) =>
      asJson({ ...genuine[0], sections: { pushes: Array.from({ length: length / 3 }, () => 1) } }),
    depth: (length) => `{"told":${'{"a":'.repeat(length / 8)}1${'}'.repeat(length / 8)}}`,
  },
  check(input) {
    const bytes = new Uint8Array(Buffer.from(input, 'latin1'));
    const pack = readEvidence(bytes);
    const verdict = verifyEvidence(pack, [key]);
    const read = readPack(pack);
    hold(
      !verifyEvidence(pack, [stranger]).ok && !verifyEvidence(pack, []).ok,
      'it is believed by a key that never signed it',
    );
    if (!verdict.ok) {
      hold(verdict.where.length + verdict.problem.length < 2_000, 'a problem is longer than some lines');
      return refused(`${bytes[0] === 0x50} ${verdict.where} ${verdict.problem.slice(0, 40)}`);
    }
    hold(!('problem' in read), 'what cannot be read is believed');
    const { registry, repository, digest, parts, tag, at } = read.subject;
    hold(
      subjects.has(
        JSON.stringify({ registry, repository, digest, parts, ...(tag === undefined ? {} : { tag, at }) }),
      ) ||
        parts.length < 2 ||
        tag === undefined ||
        at !== undefined,
      'it is about another',
    );
    for (const record of read.records)
      hold(sealed.has(JSON.stringify(record)), 'a record is believed that is in no log');
    return accepted(
      `${verdict.proven} ${verdict.waiting} ${verdict.hasSummary} ${verdict.completeUntil !== undefined}`,
    );
  },
};
