import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { Columns, Operation, Table } from '../../../src/storage/row.ts';
import { storedColumns } from '../../../src/storage/scratch-table.ts';
import { arbitraryDeliveries, arbitraryManyTags, fact, recordOf } from '../../builders/facts.ts';
import { type HistoryTables, recorderOver } from '../../builders/history-stores.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';
import { contents, type Damage, damage, type MemoryTables, rebuilt, recorded } from './stored-history.ts';

const numRuns = Number(process.env['HISTORY_RUNS'] ?? 150);

/** Does something once, before the call of that kind that `calls` others came before. */
function interrupted(
  table: Table,
  method: 'page' | 'transact',
  work: () => Promise<unknown>,
  calls = 0,
): Table {
  let left = calls;
  const interrupt = async (called: string) => {
    if (called !== method) return;
    left -= 1;
    if (left === -1) await work();
  };
  return {
    ...table,
    page: async (...args) => {
      await interrupt('page');
      return table.page(...args);
    },
    transact: async (...args) => {
      await interrupt('transact');
      return table.transact(...args);
    },
  };
}

/** The table, keeping what was committed to it. */
function keeping(table: Table, committed: Operation[]): Table {
  return {
    ...table,
    transact: async (operations) => {
      const outcome = await table.transact(operations);
      if (outcome === 'committed') committed.push(...operations);
      return outcome;
    },
  };
}

const [one, two] = [digestOf('one'), digestOf('two')];
const history = [
  fact('a', 0, { tag: 'prod', digest: one }),
  fact('b', 10, { tag: 'prod', digest: two }),
  fact('c', 20, { tag: '1.0', digest: one }),
];
const arriving = fact('d', 15, { tag: 'prod', digest: one });

/** The history with one row damaged. */
async function damaged(prefix: string, how: Damage | Columns): Promise<MemoryTables> {
  const tables = await recorded(history);
  const row = tables.repositories.rows().find(({ rowKey }) => rowKey.startsWith(prefix));
  if (row === undefined) throw new Error(`no row ${prefix}`);
  if (typeof how === 'string') await damage(tables.repositories, row, how);
  else await tables.repositories.put({ ...row, columns: { ...row.columns, ...how } });
  return tables;
}

describe('when an event arrives during a rebuild', () => {
  it.each(['page', 'transact'] as const)('tells it too, be it before the first %s', async (method) => {
    const tables = await damaged('t|prod', 'removed');
    const record = recorderOver(tables);
    const repositories = interrupted(tables.repositories, method, () => record(recordOf(arriving)));
    const result = await rebuilt({ ...tables, repositories });
    expect(result.records).toBe(4);
    expect(contents(tables)).toEqual(contents(await recorded([...history, arriving])));
  });

  it.each([true, false])('takes nothing it wrote for a difference (dry run: %s)', async (dryRun) => {
    // A comparison and two readings of the records take fewer pages.
    for (let calls = 0; calls < 12; calls += 1) {
      const tables = await recorded(history);
      const record = recorderOver(tables);
      const event = () => record(recordOf(arriving));
      const committed: Operation[] = [];
      const repositories = keeping(interrupted(tables.repositories, 'page', event, calls), committed);
      expect(await rebuilt({ ...tables, repositories }, { dryRun })).toMatchObject({ differences: [] });
      expect(committed).toEqual([]);
    }
  });

  it.each([
    [
      'written',
      't|prod',
      { oldestPush: '2026-05-02T13:00:00.000Z|z' },
      fact('d', 30, { tag: 'prod', digest: one }),
    ],
    ['written', `m|${one}`, { lastDirectPush: '2026-05-02T13:00:00.000Z|z' }, fact('d', 30, { digest: one })],
    [
      'written',
      `m|${two}|prod`,
      { lastPush: '2026-05-02T14:00:00.000Z|z' },
      fact('d', 30, { tag: 'prod', digest: two }),
    ],
    ['removed', 't|prod', 'doubled', fact('d', 30, { tag: 'prod0', digest: two })],
  ] as const)('has %s nothing over what was told meanwhile: %s', async (_, prefix, how, event) => {
    const tables = await damaged(prefix, how);
    const record = recorderOver(tables);
    const committed: Operation[] = [];
    const kept = keeping(tables.repositories, committed);
    const repositories = interrupted(kept, 'transact', () => record(recordOf(event)));
    await rebuilt({ ...tables, repositories });
    expect(contents(tables)).toEqual(contents(await recorded([...history, event])));
    for (const { operation, row } of committed) {
      const now = await tables.repositories.get(row.partitionKey, row.rowKey);
      if (operation === 'remove') expect(now).toBeUndefined();
      else if (operation !== 'merge') expect(now?.columns).toMatchObject(storedColumns(row.columns));
    }
  });

  it.each([
    ['T|prod', fact('d', 5, { tag: 'prod', digest: two })],
    [`D|${two}`, fact('d', 5, { action: 'delete', digest: two })],
    [`m|${one}|1.0`, fact('d', 25, { action: 'delete', digest: one })],
  ])('lets no event commit what was planned from rows that were wrong: %s', async (prefix, event) => {
    const tables = await damaged(prefix, 'removed');
    const end = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const repositories = interrupted(tables.repositories, 'transact', () => {
      begun.resolve();
      return end.promise;
    });
    const recording = recorderOver({ ...tables, repositories })(recordOf(event));
    await begun.promise;
    await rebuilt(tables);
    end.resolve();
    await recording;
    expect(contents(tables)).toEqual(contents(await recorded([...history, event])));
  });

  it('ends right whatever was damaged and whichever came first', async () => {
    const damages = fc.array(
      fc.record({
        place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        how: fc.constantFrom<Damage>('removed', 'edited', 'emptied', 'doubled'),
      }),
      { maxLength: 6 },
    );
    const facts = fc.oneof(
      { weight: 9, arbitrary: arbitraryDeliveries.map((some) => some.facts) },
      { weight: 1, arbitrary: arbitraryManyTags },
    );
    await fc.assert(
      fc.asyncProperty(facts, damages, fc.nat({ max: 3 }), fc.integer(), async (all, some, late, seed) => {
        const tables = await recorded(all.slice(late));
        for (const { place, how } of some) {
          const rows = tables.repositories.rows();
          const row = rows[Math.floor(place * rows.length)];
          if (row !== undefined) await damage(tables.repositories, row, how);
        }
        const chance = chanceOf(seed);
        const restless: HistoryTables = {
          repositories: restlessTable(tables.repositories, chance),
          digests: restlessTable(tables.digests, chance),
          log: restlessTable(tables.log, chance),
        };
        const [undelivered] = await Promise.all([deliver(restless, all.slice(0, late)), rebuilt(restless)]);
        // A delivery that met a row it could not read, or lost to one, is repeated.
        expect(await deliver(tables, undelivered)).toEqual([]);
        expect(contents(tables)).toEqual(contents(await recorded(all)));
      }),
      { numRuns },
    );
  });
});

/** Delivers facts at once; answers those that failed. */
async function deliver(tables: HistoryTables, facts: readonly Fact[]): Promise<readonly Fact[]> {
  const record = recorderOver(tables);
  const failed: Fact[] = [];
  await Promise.all(
    facts.map(async (arrived) => {
      try {
        await record(recordOf(arrived));
      } catch (error) {
        if (!(error instanceof AuditFault)) throw error;
        failed.push(arrived);
      }
    }),
  );
  return failed;
}
