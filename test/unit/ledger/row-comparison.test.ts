import { describe, expect, it } from '@jest/globals';
import { leafHash } from '../../../src/ledger/merkle-tree.ts';
import { recordIndex } from '../../../src/ledger/record-index.ts';
import {
  compareRows,
  type PresentPlace,
  type RecordRow,
  type VerifiedLog,
} from '../../../src/ledger/row-comparison.ts';
import { encodeEntries } from '../../../src/ledger/tile.ts';

const nameOf = (number: number) => ({ repository: 'team/app', recordId: `id-${number}`, occurredAt: number });
const leafOf = (number: number) => JSON.stringify({ recordId: `id-${number}`, repository: 'team/app' });
const batchEnd = '{"kind":"sealed-batch"}';

/** A log whose entries are records by their number, or what a batch ends with. */
function logOf(...entries: readonly (number | 'end')[]) {
  const records = recordIndex();
  const files = new Map<string, Uint8Array>();
  const texts = entries.map((entry) => (entry === 'end' ? batchEnd : leafOf(entry)));
  for (const [index, entry] of entries.entries()) {
    if (entry !== 'end') records.add(nameOf(entry), index, leafHash(Buffer.from(leafOf(entry))));
  }
  for (let from = 0; from < texts.length; from += 256) {
    const some = texts.slice(from, from + 256).map((text) => Buffer.from(text));
    const width = some.length === 256 ? '' : `.p/${some.length}`;
    files.set(`tile/entries/00${from / 256}${width}`, encodeEntries(some));
  }
  const asked: string[] = [];
  const read = async (path: string) => {
    asked.push(path);
    return files.get(path);
  };
  return { size: entries.length, records, read, asked };
}

/** The three rows of a record that is entry `index`. */
function rowsOf(number: number, index: number) {
  const row = (role: RecordRow['role'], more: Partial<RecordRow>): RecordRow => ({
    ...nameOf(number),
    role,
    path: `${role} ${number}`,
    ...more,
  });
  return {
    announced: row('announced', { leaf: leafOf(number), logIndex: index }),
    recorded: row('recorded', { leaf: leafOf(number) }),
    place: row('place', { logIndex: index }),
  };
}

const log = logOf(0, 1, 'end');
const [zero, one] = [rowsOf(0, 0), rowsOf(1, 1)];
const whole = [...Object.values(zero), ...Object.values(one)];
const nothingElse = { waiting: 0, later: 0, wrong: 0, problems: [] };

function compare(
  rows: readonly RecordRow[],
  present: PresentPlace = { isWaiting: false },
  of: VerifiedLog = log,
) {
  async function* all() {
    yield* rows;
  }
  return compareRows(of, { all, present: async () => present });
}

const without = (row: RecordRow) => whole.filter((other) => other !== row);
const withOther = (row: RecordRow, changed: Partial<RecordRow>) =>
  whole.map((other) => (other === row ? { ...row, ...changed } : other));
const { leaf: _, ...unreadable } = one.recorded;
const { logIndex: __, ...unmarked } = one.announced;

describe('rows and the log that they tell of', () => {
  it('when each record has its rows, all are the same, in any order', async () => {
    const same = { ok: true, same: 6, ...nothingElse };
    expect(await compare(whole)).toEqual(same);
    expect(await compare(whole.toReversed())).toEqual(same);
  });

  it.each([
    ['cannot be read', without(one.recorded).concat(unreadable), one.recorded, 'the row cannot be read'],
    [
      'says something else',
      withOther(one.recorded, { leaf: leafOf(7) }),
      one.recorded,
      'the row says something else than entry 1',
    ],
    [
      'announces something else',
      withOther(one.announced, { leaf: leafOf(7) }),
      one.announced,
      'the row says something else than entry 1',
    ],
    [
      'announces another place',
      withOther(one.announced, { logIndex: 0 }),
      one.announced,
      'the row says that it is entry 0, and it is 1',
    ],
    [
      'says another place',
      withOther(one.place, { logIndex: 2 }),
      one.place,
      'the row says that it is entry 2, and it is 1',
    ],
  ])('when a row %s, it is told by its keys and its entry', async (_what, rows, { path }, message) => {
    const problem = {
      code: 'row-differs',
      message,
      path,
      repository: 'team/app',
      recordId: 'id-1',
      index: 1,
    };
    expect(await compare(rows)).toEqual({
      ok: false,
      same: 5,
      ...nothingElse,
      wrong: 1,
      problems: [problem],
    });
  });

  it.each([
    ['in the outbox', zero.announced],
    ['in its repository', zero.recorded],
    ['that says where it is', zero.place],
  ])('when there is no row %s, the record is told by its entry', async (missing, row) => {
    const problem = {
      code: 'row-missing',
      message: `entry 0 has no row ${missing}`,
      index: 0,
      repository: 'team/app',
      recordId: 'id-0',
    };
    expect(await compare(without(row))).toEqual({
      ok: false,
      same: 5,
      ...nothingElse,
      wrong: 1,
      problems: [problem],
    });
  });

  it('when a record of a later bundle has no rows, it is told by its name', async () => {
    const ends = Array.from({ length: 257 }, () => 'end' as const);
    const { problems } = await compare([], undefined, logOf(...ends, 8));
    expect(problems.map(({ index, recordId }) => [index, recordId])).toEqual([
      [257, 'id-8'],
      [257, 'id-8'],
    ]);
  });

  it('when the entries cannot be read any more, what has no row is told by its place alone', async () => {
    const { problems } = await compare(without(zero.recorded), undefined, {
      ...log,
      read: async () => undefined,
    });
    expect(problems).toEqual([
      { code: 'row-missing', message: 'entry 0 has no row in its repository', index: 0 },
    ]);
  });

  it('when very many are wrong, all are counted, and the first 100 told', async () => {
    const many = logOf(...Array.from({ length: 70 }, (_none, number) => number));
    const { wrong, problems } = await compare([], undefined, many);
    expect([wrong, problems.length, problems.at(-1)?.index]).toEqual([140, 100, 49]);
    expect(many.asked).toHaveLength(100);
  });
});

describe('a row that is marked while rows are read', () => {
  const rows = [...Object.values(zero), unmarked, one.recorded];

  it.each([
    ['waits to be marked', { isWaiting: true }],
    ['was marked since', { isWaiting: false, logIndex: 1 }],
  ])('when it %s, is the same, and needs no row that says where it is', async (_what, present) => {
    expect(await compare(rows, present)).toEqual({ ok: true, same: 5, ...nothingElse });
  });

  it.each([
    ['neither', { isWaiting: false }],
    ['marked as another entry', { isWaiting: false, logIndex: 0 }],
  ])('when it is %s, is told', async (_what, present) => {
    expect(await compare(rows, present)).toMatchObject({
      wrong: 1,
      problems: [
        {
          code: 'row-differs',
          message: 'the row neither waits nor says that it is entry 1',
          path: 'announced 1',
        },
      ],
    });
  });
});

describe('a row whose record is not in the log', () => {
  const { announced, recorded } = rowsOf(5, 3);
  const outcomeOf = async (row: RecordRow, present: PresentPlace, sizeNow?: number) => {
    const of = sizeNow === undefined ? log : { ...log, sizeNow: async () => sizeNow };
    const { same, waiting, later, wrong } = await compare([...whole, row], present, of);
    expect([same, waiting + later + wrong]).toEqual([6, 1]);
    if (wrong === 1) return 'wrong';
    return waiting === 1 ? 'waiting' : 'later';
  };

  it.each([
    ['waits', recorded, { isWaiting: true }, undefined, 'waiting'],
    ['says that it is the next entry', announced, { isWaiting: false }, undefined, 'later'],
    ['says so, and the log has that entry by now', announced, { isWaiting: false }, 4, 'later'],
    ['says so, and the log has not grown', announced, { isWaiting: false }, 3, 'wrong'],
    ['was sealed since it was read', recorded, { isWaiting: false, logIndex: 3 }, 4, 'later'],
    ['is said to be an entry that the log has', recorded, { isWaiting: false, logIndex: 2 }, 4, 'wrong'],
    ['is nowhere', recorded, { isWaiting: false }, undefined, 'wrong'],
  ] as const)('when it %s, counts as %5$s', async (_what, row, present, sizeNow, outcome) => {
    expect(await outcomeOf(row, present, sizeNow)).toBe(outcome);
  });

  it('is told by its keys', async () => {
    expect((await compare([...whole, recorded])).problems).toEqual([
      {
        code: 'row-extra',
        message: 'the row has no entry in the log, and does not wait for one',
        path: 'recorded 5',
        repository: 'team/app',
        recordId: 'id-5',
      },
    ]);
  });
});
