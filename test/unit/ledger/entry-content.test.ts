import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { batchClosing } from '../../../src/ledger/batch-closing.ts';
import { canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { nameIn, readEntry } from '../../../src/ledger/entry-content.ts';
import { LedgerProblem } from '../../../src/ledger/ledger-problem.ts';
import { leafOf, registry } from '../../builders/built-log.ts';
import { epoch } from '../../builders/facts.ts';
import { problemOf } from '../../builders/told-problem.ts';

const statement = canonicalStatement({
  registry,
  repository: 'team/app',
  at: { time: epoch, id: 'one' },
  recordedAt: epoch,
  kind: 'approved',
  content: { by: 'somebody' },
  states: [{ key: 'a|one', content: { open: true } }, { key: 'a|two' }],
});
const [batch = ''] = batchClosing({
  registry,
  from: 3,
  records: 2,
  sealedAt: epoch,
  horizons: [{ repository: 'team/app', comparedAt: epoch }],
});

/** What is found wrong with an entry, or what it is. */
function outcomeOf(bytes: string | Uint8Array): string {
  try {
    return readEntry(Buffer.from(bytes), 5, 'path').kind;
  } catch (error) {
    if (error instanceof LedgerProblem) return error.problem.code;
    throw error;
  }
}

describe('an entry of a log', () => {
  it('when it is a fact, a statement or the end of a batch, is read', () => {
    expect(readEntry(Buffer.from(leafOf(1)), 0, '')).toMatchObject({
      kind: 'record',
      registry,
      repository: 'team/app-1',
    });
    expect(readEntry(Buffer.from(statement), 0, '')).toMatchObject({ kind: 'record', recordId: 'one' });
    expect(readEntry(Buffer.from(batch), 0, '')).toMatchObject({
      kind: 'batch',
      batch: { from: 3, records: 2, part: 0, sealedAt: epoch, horizons: [{ comparedAt: epoch }] },
    });
  });

  it.each([
    ['a space', leafOf(1).replace(':', ': '), 'not-canonical'],
    ['a name twice', leafOf(1).replace('{', '{"action":"push",'), 'not-canonical'],
    ['names in another order', '{"b":1,"a":2}', 'not-canonical'],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from(leafOf(1)), Buffer.of(0xff)]), 'not-canonical'],
    ['half a character', leafOf(1).replace('"push"', '"\\ud800"'), 'not-canonical'],
    ['half a character in a name', leafOf(1).replace('event-1', '\\ud800'), 'not-canonical'],
    ['a depth that no stack holds', '['.repeat(60_000), 'not-canonical'],
    ['nothing', '', 'not-canonical'],
    ['another action', leafOf(1).replace('"push"', '"pull"'), 'unknown-shape'],
    ['a client of whom nothing is told', leafOf(1).replace(',', ',"client":{},'), 'unknown-shape'],
    ['a property more', leafOf(1).replace(/}$/, ',"zebra":1}'), 'unknown-shape'],
    ['another version', leafOf(1).replace('"version":1', '"version":2'), 'unknown-shape'],
    ['a time in another form', batch.replace(/\.000Z/g, 'Z'), 'unknown-shape'],
    ['an id that is of another batch', batch.replace('batch-3-0', 'batch-4-0'), 'unknown-shape'],
    ['a state without a key', statement.replace('"key":"a|two"', '"kez":"a|two"'), 'unknown-shape'],
    ['an object of nothing', '{}', 'unknown-shape'],
  ])('when it has %s, is told by what is wrong', (_, bytes, code) => {
    expect(outcomeOf(bytes)).toBe(code);
  });

  it('when any of its characters is another, is another entry, or none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(leafOf(1), statement, batch),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (text, at, bits) => {
          const bytes = Buffer.from(text);
          const place = at % bytes.length;
          bytes.writeUInt8(bytes.readUInt8(place) ^ bits, place);
          expect(['record', 'batch', 'not-canonical', 'unknown-shape']).toContain(outcomeOf(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('an entry that is not as it should be', () => {
  it.each([
    ['is not canonical', statement.replace(':', ': '), 'not-canonical', 'entry 5 is not canonical JSON'],
    [
      'is no record',
      statement.replace('"version":1', '"version":2'),
      'unknown-shape',
      'entry 5 is neither a record nor a batch',
    ],
  ])('when it %s, is told by the name that it seems to have', async (_, text, code, message) => {
    const entry = { path: 'a path', index: 5, repository: 'team/app', recordId: 'one' };
    expect(await problemOf(() => readEntry(Buffer.from(text), 5, 'a path'))).toEqual({
      code,
      message,
      ...entry,
    });
  });

  it.each([
    ['no names', '{}', {}],
    ['a name alone', '{"recordId":"one"', { recordId: 'one' }],
    ['names that are no texts', '{"recordId":7,"repository":""}', {}],
    ['a name with an escape', '{"recordId":"a\\"b","repository":"team/app"}', { repository: 'team/app' }],
    ['a name as long as names are', `"recordId":"${'x'.repeat(300)}"`, { recordId: 'x'.repeat(300) }],
    ['a name longer than names are', `"recordId":"${'x'.repeat(301)}"`, {}],
  ])('when it has %s, is named as far as can be', (_, text, expected) => {
    expect(nameIn(text)).toStrictEqual(expected);
  });
});

describe('a statement in a log', () => {
  const stated = (kind: string) =>
    canonicalStatement({
      registry,
      repository: 'team/app',
      at: { time: epoch + 1, id: 'one' },
      recordedAt: epoch,
      kind,
      content: { note: 'a note' },
    });
  const record = { kind: 'record', registry, repository: 'team/app', recordId: 'one', occurredAt: epoch + 1 };

  it('tells the note by which it hands over keys, where it does', () => {
    expect(readEntry(Buffer.from(stated('key-handover')), 0, '')).toEqual({ ...record, handover: 'a note' });
    expect(readEntry(Buffer.from(stated('approved')), 0, '')).toStrictEqual(record);
  });
});

describe('a problem that ends a verification', () => {
  it('reads as what is wrong', () => {
    const problem = new LedgerProblem({ code: 'wrong-root', message: 'another root' });
    expect(String(problem)).toBe('LedgerProblem: another root');
  });
});
