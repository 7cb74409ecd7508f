import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { readEntry } from '../../src/ledger/entry-content.ts';
import { readEvidenceLeaf } from '../../src/ledger/evidence-leaf.ts';
import { handoverIn } from '../../src/ledger/key-handover.ts';
import { LedgerProblem } from '../../src/ledger/ledger-problem.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { digests, maybe, outsideTexts, ownTimes, repositories, tags } from '../values.ts';

const common = {
  version: fc.constant(1),
  recordId: fc.constantFrom('e-1', 'batch-0-0'),
  registry: fc.constant('contoso.azurecr.io'),
  repository: repositories,
  recordedAt: ownTimes,
  occurredAt: ownTimes,
};
const facts = fc.record({
  ...common,
  action: fc.constantFrom('push', 'delete', 'untag'),
  digest: digests,
  eventId: fc.constant('e-1'),
  source: fc.constantFrom('event', 'reconcile'),
  tag: maybe(tags),
  size: maybe(fc.nat()),
  client: maybe(fc.record({ userAgent: outsideTexts })),
  notes: maybe(fc.array(outsideTexts, { maxLength: 2 })),
  notBefore: maybe(ownTimes),
});
const statements = fc.record({
  ...common,
  kind: fc.constantFrom('manifest-described', 'lock-set', 'keys-handed-over'),
  content: fc.dictionary(
    fc.constantFrom('digest', 'manifests', 'note', 'tag'),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  states: maybe(fc.array(fc.record({ key: fc.constant('a|1'), content: fc.constant({}) }), { maxLength: 2 })),
});
const batches = fc.record({
  version: fc.constant(1),
  kind: fc.constant('sealed-batch'),
  recordId: fc.constantFrom('batch-0-0', 'batch-12-3'),
  registry: fc.constant('contoso.azurecr.io'),
  from: fc.constantFrom(0, 12),
  records: fc.nat(),
  sealedAt: ownTimes,
  horizons: fc.dictionary(repositories, ownTimes, { maxKeys: 2 }),
});

/** Entries of a log: records, statements, and what batches say of themselves. */
export const ledgerEntry: Target = {
  name: 'ledger-entry',
  form: 'bytes',
  property:
    'an entry that is taken is the one canonical text of what it says, which its bytes are; anything else is told as not canonical or of no known shape',
  made: fc
    .oneof(facts, statements, batches)
    .map((entry) => Buffer.from(canonicalize(JSON.parse(JSON.stringify(entry))) ?? '').toString('latin1')),
  words: [
    '{"action":',
    '{"content":',
    '"kind":"sealed-batch"',
    '"occurredAt":"',
    '2026-05-02T14:00:00.000Z',
    '2026-05-02T14:00:00Z',
    '"horizons":{',
    '\\u0041',
    '1.0',
    '1e0',
    ' ',
  ],
  large: {
    notes: (length) => `{"action":"push","notes":[${'"a",'.repeat(length / 4)}"a"]}`,
    horizons: (length) =>
      `{"from":0,"horizons":{${Array.from({ length: length / 36 }, (_, at) => `"a${at}":"2026-05-02T14:00:00.000Z"`).join()}}}`,
    depth: (length) => `{"content":${'['.repeat(length / 2)}${']'.repeat(length / 2)}}`,
    names: (length) => `{"repository":"${'a'.repeat(length)}`,
  },
  check(input) {
    const bytes = new Uint8Array(Buffer.from(input, 'latin1'));
    const text = Buffer.from(bytes).toString();
    readEvidenceLeaf(text, 0);
    const statement = readStatement(text);
    if (statement !== undefined) handoverIn(statement);
    try {
      const entry = readEntry(bytes, 7, 'tile/entries/000');
      hold(Buffer.from(text).equals(bytes), 'bytes that are no text are taken');
      hold(canonicalize(JSON.parse(text)) === text, 'a text that is not canonical is taken');
      return accepted(entry.kind === 'record' ? `record ${Object.keys(JSON.parse(text)).join()}` : 'batch');
    } catch (error) {
      hold(error instanceof LedgerProblem, `it throws ${String(error)}`);
      hold(error.message.length < 500, 'a problem is longer than a line');
      return refused(`${error.name} ${error.message.replaceAll(/\d+/g, '0')}`);
    }
  },
};
