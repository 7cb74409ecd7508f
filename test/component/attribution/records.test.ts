import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import { recordAttributions } from '../../../src/audit/record-attribution.ts';
import type { Fact } from '../../../src/history/fact.ts';
import { canonicalRecord } from '../../../src/ledger/canonical-record.ts';
import type { Table } from '../../../src/storage/row.ts';
import { attributeAll, attributionOf, attributionPorts } from '../../builders/attributions.ts';
import {
  arbitraryBursts,
  arbitraryDeliveries,
  arbitraryFindings,
  arbitraryManyTags,
  type Deliveries,
  deliveriesOf,
  fact,
  recordOf,
  withUntagsAfterPushes,
} from '../../builders/facts.ts';
import { type HistoryTables, recorderOver } from '../../builders/history-stores.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { chanceOf, type Faults, restlessTable } from '../../builders/restless-table.ts';
import { contents, damage, type MemoryTables, rebuilt, recorded } from '../rebuild/stored-history.ts';

/** The table, doing something once before the first transaction. */
function interrupted(table: Table, work: () => Promise<unknown>): Table {
  let isDone = false;
  return {
    ...table,
    async transact(operations) {
      if (!isDone) {
        isDone = true;
        await work();
      }
      return table.transact(operations);
    },
  };
}

/** More runs can be asked for: `HISTORY_RUNS=5000 npx jest test/component/attribution`. */
const numRuns = Number(process.env['HISTORY_RUNS'] ?? 100);

const [one, two] = [digestOf('one'), digestOf('two')];
const first = fact('first', 0, { tag: 'prod', digest: one });
const second = fact('second', 1, { tag: 'dev', digest: one });
const direct = fact('direct', 2, { digest: two });
const untag = fact('untag', 20, {
  action: 'untag',
  tag: 'dev',
  digest: one,
  source: 'reconcile',
  notBefore: second.at.time,
});
const deletion = fact('deletion', 30, { action: 'delete', digest: one });
const history = [first, second, direct, deletion];

/** The keys of the rows that name who did what a fact tells. */
function rowsNaming(tables: MemoryTables, { at }: Fact): readonly string[] {
  const naming = tables.repositories
    .rows()
    .filter(({ columns }) => String(columns['attribution']).includes(`"${at.id}@contoso.com"`));
  return naming.map(({ rowKey }) => rowKey.split('|').slice(0, -2).join('|'));
}

describe('when a record is attributed', () => {
  it.each<[string, Fact, readonly string[]]>([
    ['push of a tag', first, [`D|${one}`, 'E', 'T|prod']],
    ['push by digest', direct, [`D|${two}`, 'E']],
    ['deletion, which ended two tags', deletion, [`D|${one}`, 'E', 'T|dev', 'T|prod']],
  ])('is said so in every row that tells it: %s', async (_, of, rows) => {
    const tables = await recorded(history);
    expect(await attributeAll(tables, [of])).toBe(1);
    expect(rowsNaming(tables, of)).toEqual(rows);
    const statements = tables.repositories.rows().filter(({ rowKey }) => rowKey.startsWith('S|'));
    expect(statements).toHaveLength(1);
    const [announced] = tables.log.rows().filter(({ rowKey }) => rowKey.startsWith('~s|'));
    expect(announced?.columns).toEqual(statements[0]?.columns);
  });

  it('is said so of a tag that was found removed', async () => {
    const tables = await recorded([...history.slice(0, 3), untag]);
    await attributeAll(tables, [untag]);
    expect(rowsNaming(tables, untag)).toEqual([`D|${one}`, 'E', 'T|dev']);
  });

  it('is announced as a record of its own, and the leaf of the record stays', async () => {
    const tables = await recorded(history);
    const leaf = () => tables.log.rows().find(({ rowKey }) => rowKey.includes('|first|'))?.columns['leaf'];
    expect(leaf()).toBe(canonicalRecord(recordOf(first)));
    await attributeAll(tables, history);
    expect(leaf()).toBe(canonicalRecord(recordOf(first)));
  });

  it('stays as it was first announced, whatever is said later', async () => {
    const tables = await recorded(history);
    await attributeAll(tables, history);
    const before = contents(tables);
    const others = new Map(
      history.map((of) => [recordOf(of), attributionOf(of, { identity: 'mallory', certainty: 'likely' })]),
    );
    expect(await recordAttributions(attributionPorts(tables))(others)).toBe(0);
    expect(contents(tables)).toEqual(before);
  });

  it('is what was announced when the run ended before it was written', async () => {
    const tables = await recorded(history);
    const ended = {
      ...attributionPorts(tables),
      writer: { commit: () => Promise.reject(new Error('ended')) },
    };
    const announced = recordAttributions(ended)(new Map([[recordOf(first), attributionOf(first)]]));
    await expect(announced).rejects.toThrow('ended');
    const other = attributionOf(first, { identity: 'mallory' });
    await recordAttributions(attributionPorts(tables))(new Map([[recordOf(first), other]]));
    expect(rowsNaming(tables, first)).toEqual([`D|${one}`, 'E', 'T|prod']);
  });

  it('writes nothing of a record that is not there', async () => {
    const tables = await recorded([first]);
    const before = contents(tables).repositories;
    expect(await attributeAll(tables, [deletion])).toBe(0);
    expect(contents(tables).repositories).toEqual(before);
  });

  it('adds nothing when nothing is given', async () => {
    const tables = await recorded(history);
    expect(await attributeAll(tables, [])).toBe(0);
  });
});

const someFaults: Faults = { refused: 3, lost: 3, retried: 5, cutOff: 5, short: 10 };
/** What reads a hundred rows for one attribution would seldom read them all. */
const fewFaults: Faults = { retried: 5, cutOff: 5 };

describe.each<[string, Fact, Fact]>([
  ['tells a push again', fact('late', -10, { tag: 'prod', digest: two }), first],
  ['tells a deletion no more of a tag', fact('late', 25, { tag: 'prod', digest: two }), deletion],
  ['tells a deletion of one more tag', fact('late', 25, { tag: 'more', digest: one }), deletion],
])('when a late event %s', (_, late, of) => {
  const expected = async () => {
    const tables = await recorded([...history, late]);
    await attributeAll(tables, [of]);
    return contents(tables);
  };

  it('keeps what was attributed between its reading and its commit', async () => {
    const tables = await recorded(history);
    const repositories = interrupted(tables.repositories, () => attributeAll(tables, [of]));
    await recorderOver({ ...tables, repositories })(recordOf(late));
    expect(contents(tables)).toEqual(await expected());
  });

  it('is seen by what is attributed when it comes between that reading and commit', async () => {
    const tables = await recorded(history);
    const repositories = interrupted(tables.repositories, () => recorderOver(tables)(recordOf(late)));
    await attributeAll({ ...tables, repositories }, [of]);
    expect(contents(tables)).toEqual(await expected());
  });
});

const histories: readonly [string, fc.Arbitrary<Deliveries>, number, Faults][] = [
  ['events told in any order', arbitraryDeliveries, numRuns, someFaults],
  [
    'what was found in the registry',
    deliveriesOf(arbitraryFindings).map(withUntagsAfterPushes),
    numRuns,
    someFaults,
  ],
  ['many pushes within the hour', deliveriesOf(arbitraryBursts), Math.ceil(numRuns / 20), someFaults],
  ['deletions of many tags', deliveriesOf(arbitraryManyTags), Math.ceil(numRuns / 10), fewFaults],
];

/** All delivered, then all attributed. */
async function inOrder({ deliveries, facts }: Deliveries): Promise<MemoryTables> {
  const tables = await recorded(deliveries);
  await attributeAll(tables, facts);
  return tables;
}

async function deliver(tables: HistoryTables, facts: readonly Fact[]): Promise<void> {
  const record = recorderOver(tables);
  for (const one of facts) await repeated(() => record(recordOf(one)));
}

async function attributeEach(tables: HistoryTables, facts: readonly Fact[]): Promise<void> {
  for (const one of facts) await repeated(() => attributeAll(tables, [one]));
}

/** Repeats what fails, as a trigger does. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AuditFault) || !error.retryable) throw error;
    }
  }
}

function restlessOver(tables: MemoryTables, seed: number, faults: Faults): HistoryTables {
  const chance = chanceOf(seed);
  return {
    repositories: restlessTable(tables.repositories, chance, faults),
    digests: restlessTable(tables.digests, chance, faults),
    log: restlessTable(tables.log, chance, faults),
  };
}

describe.each(histories)('when the history is of %s', (_, arbitrary, runs, faults) => {
  it('keeps what was attributed while other events arrive', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(), async ({ facts, deliveries }, cut) => {
        const some = deliveries.slice(0, cut % (deliveries.length + 1));
        const tables = await recorded(some);
        await attributeAll(tables, [...new Set(some)]);
        await deliver(tables, deliveries.slice(some.length));
        await attributeAll(tables, facts);
        expect(contents(tables)).toEqual(contents(await inOrder({ facts, deliveries })));
      }),
      { numRuns: runs },
    );
  });

  it('does so though both happen at once, answers are lost and transactions are cut off', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(), fc.integer(), async ({ facts, deliveries }, cut, seed) => {
        const some = deliveries.slice(0, cut % (deliveries.length + 1));
        const tables = await recorded(some);
        const restless = restlessOver(tables, seed, faults);
        await Promise.all([
          deliver(restless, deliveries.slice(some.length)),
          attributeEach(restless, [...new Set(some)]),
          attributeEach(restless, [...new Set(some)].reverse()),
        ]);
        await attributeAll(tables, facts);
        expect(contents(tables)).toEqual(contents(await inOrder({ facts, deliveries })));
      }),
      { numRuns: runs },
    );
  });

  it('is told again, byte for byte, by a rebuild', async () => {
    const damages = fc.array(
      fc.record({
        place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        how: fc.constantFrom('removed', 'edited', 'emptied', 'doubled'),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, damages, async (delivered, some) => {
        const tables = await inOrder(delivered);
        const before = contents(tables);
        expect((await rebuilt(tables)).differences).toEqual([]);
        expect(contents(tables)).toEqual(before);
        for (const { place, how } of some) {
          const rows = tables.repositories.rows().filter(({ rowKey }) => !rowKey.startsWith('S|'));
          const row = rows[Math.floor(place * rows.length)];
          if (row !== undefined) await damage(tables.repositories, row, how);
        }
        await rebuilt(tables);
        expect(contents(tables)).toEqual(before);
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });
});

describe('when a history is rebuilt while it is attributed', () => {
  it('ends as if both had happened one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, fc.nat(), fc.integer(), async (delivered, place, seed) => {
        const { facts, deliveries } = delivered;
        const tables = await recorded(deliveries);
        const rows = tables.repositories.rows();
        const row = rows[place % rows.length];
        if (row !== undefined && !row.rowKey.startsWith('m|') && !row.rowKey.startsWith('t|')) {
          await damage(tables.repositories, row, 'edited');
        }
        const restless = restlessOver(tables, seed, {});
        await Promise.all([
          rebuilt(restless),
          attributeAll(restless, facts).catch((error: unknown) => {
            // It met the row that was damaged: the next run attributes the rest.
            if (!(error instanceof AuditFault)) throw error;
          }),
        ]);
        await attributeAll(tables, facts);
        expect(contents(tables)).toEqual(contents(await inOrder(delivered)));
        expect((await rebuilt(tables)).differences).toEqual([]);
      }),
      { numRuns },
    );
  });
});
