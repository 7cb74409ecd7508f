import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { Table } from '../../../src/storage/row.ts';
import { arbitraryDeliveries, arbitraryManyTags, fact, recordOf } from '../../builders/facts.ts';
import { type HistoryTables, recorderOver } from '../../builders/history-stores.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';
import { contents, type Damage, damage, type MemoryTables, rebuilt, recorded } from './stored-history.ts';

const numRuns = Number(process.env['HISTORY_RUNS'] ?? 150);

/** Does something once, before the first call of a kind that meets a condition. */
function interrupted(table: Table, method: 'page' | 'transact', first: () => Promise<unknown>): Table {
  let pending: (() => Promise<unknown>) | undefined = first;
  const interrupt = async () => {
    const work = pending;
    pending = undefined;
    await work?.();
  };
  return {
    ...table,
    page: async (...args) => {
      if (method === 'page') await interrupt();
      return table.page(...args);
    },
    transact: async (...args) => {
      if (method === 'transact') await interrupt();
      return table.transact(...args);
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

async function withoutHead(): Promise<MemoryTables> {
  const tables = await recorded(history);
  const head = tables.repositories.rows().find(({ rowKey }) => rowKey === 't|prod');
  if (head === undefined) throw new Error('no head');
  await damage(tables.repositories, head, 'removed');
  return tables;
}

describe('when an event arrives during a rebuild', () => {
  it.each(['page', 'transact'] as const)('tells it too, be it before the first %s', async (method) => {
    const tables = await withoutHead();
    const record = recorderOver(tables);
    const repositories = interrupted(tables.repositories, method, () => record(recordOf(arriving)));
    const result = await rebuilt({ ...tables, repositories });
    expect(result.records).toBe(4);
    expect(contents(tables)).toEqual(contents(await recorded([...history, arriving])));
  });

  it('does not take for unfounded what it has told', async () => {
    const tables = await recorded(history);
    const record = recorderOver(tables);
    const repositories = interrupted(tables.repositories, 'page', () => record(recordOf(arriving)));
    const result = await rebuilt({ ...tables, repositories }, { dryRun: true });
    expect(result.differences).toEqual([]);
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
