import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  arbitraryBursts,
  arbitraryDeliveries,
  arbitraryFindings,
  arbitraryManyTags,
  type Deliveries,
  deliveriesOf,
  withUntagsAfterPushes,
} from '../../builders/facts.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';
import { contents, countingWrites, type Damage, damage, rebuilt, recorded } from './stored-history.ts';

/** More runs can be asked for: `HISTORY_RUNS=5000 npx jest test/component/rebuild`. */
const numRuns = Number(process.env['HISTORY_RUNS'] ?? 150);

const histories: readonly [string, fc.Arbitrary<Deliveries>, number][] = [
  ['events told in any order', arbitraryDeliveries, numRuns],
  ['what was found in the registry', deliveriesOf(arbitraryFindings).map(withUntagsAfterPushes), numRuns],
  ['many pushes within the hour', deliveriesOf(arbitraryBursts), Math.ceil(numRuns / 20)],
  ['deletions of many tags', deliveriesOf(arbitraryManyTags), Math.ceil(numRuns / 20)],
];

/** Which rows are damaged, as fractions of their number, and how. */
const arbitraryDamages = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    how: fc.constantFrom<Damage>('removed', 'edited', 'emptied', 'doubled'),
  }),
  { minLength: 1, maxLength: 12 },
);

describe.each(histories)('when the history is of %s', (_, arbitrary, runs) => {
  it('writes nothing to rows that are right', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ facts, deliveries }) => {
        const tables = await recorded(deliveries);
        const [repositories, digests, log] = [tables.repositories, tables.digests, tables.log].map(
          countingWrites,
        );
        if (!repositories || !digests || !log) throw new Error('no tables');
        const result = await rebuilt({
          repositories: repositories.table,
          digests: digests.table,
          log: log.table,
        });
        expect(result).toEqual({ records: facts.length, differences: [] });
        expect([repositories, digests, log].map((one) => one.writes())).toEqual([0, 0, 0]);
      }),
      { numRuns: runs },
    );
  });

  it('restores every row, byte for byte, after any damage', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, arbitraryDamages, async ({ deliveries }, damages) => {
        const tables = await recorded(deliveries);
        const before = contents(tables);
        for (const { place, how } of damages) {
          const rows = tables.repositories.rows();
          const row = rows[Math.floor(place * rows.length)];
          if (row !== undefined) await damage(tables.repositories, row, how);
        }
        await rebuilt(tables);
        expect(contents(tables)).toEqual(before);
        expect((await rebuilt(tables)).differences).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  it('restores all that follows from the audit records when nothing else is left', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ deliveries }) => {
        const tables = await recorded(deliveries);
        const before = contents(tables);
        for (const row of tables.repositories.rows()) await damage(tables.repositories, row, 'removed');
        for (const { partitionKey, rowKey } of tables.digests.rows()) {
          await tables.digests.transact([{ operation: 'remove', row: { partitionKey, rowKey } }]);
        }
        await rebuilt(tables);
        expect(contents(tables)).toEqual(before);
      }),
      { numRuns: runs },
    );
  });

  it('does so though pages are short, and answers are lost after the work was done', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, arbitraryDamages, fc.integer(), async ({ deliveries }, damages, seed) => {
        const tables = await recorded(deliveries);
        const before = contents(tables);
        for (const { place, how } of damages) {
          const rows = tables.repositories.rows();
          const row = rows[Math.floor(place * rows.length)];
          if (row !== undefined) await damage(tables.repositories, row, how);
        }
        const restless = restlessTable(tables.repositories, chanceOf(seed), { short: 50, retried: 10 });
        await rebuilt({ ...tables, repositories: restless });
        expect(contents(tables)).toEqual(before);
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});
