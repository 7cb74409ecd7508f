import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../../../src/history/fact.ts';
import { compareInstants } from '../../../src/history/instant.ts';
import { arbitraryDeliveries, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';

async function stateAfter(deliveries: readonly Fact[], concurrency = 1) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const record = recorderOver(tables);
  const queue = [...deliveries];
  const sender = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await record(recordOf(next));
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  const rowsOf = (rows: ReturnType<typeof tables.log.rows>) => rows.map(({ etag: _, ...row }) => row);
  return {
    repositories: rowsOf(tables.repositories.rows()),
    digests: rowsOf(tables.digests.rows()),
    log: rowsOf(tables.log.rows()),
  };
}

const inOrder = (facts: readonly Fact[]) => facts.toSorted((a, b) => compareInstants(a.at, b.at));

describe('when events come in any order, any number of times', () => {
  it('ends in the same rows as each delivered once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, async ({ facts, deliveries }) => {
        expect(await stateAfter(deliveries)).toEqual(await stateAfter(inOrder(facts)));
      }),
      { numRuns: 200 },
    );
  });

  it('does so when several instances handle them at once', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, async ({ facts, deliveries }) => {
        expect(await stateAfter(deliveries, 6)).toEqual(await stateAfter(inOrder(facts)));
      }),
      { numRuns: 200 },
    );
  });
});
