import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../../../src/history/fact.ts';
import { deliver } from '../../builders/delivery.ts';
import { arbitraryDeliveries, type Deliveries } from '../../builders/facts.ts';
import { historyOf } from '../../builders/history-oracle.ts';
import { announcedIn, historyIn } from '../../builders/history-reading.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';

const numRuns = Number(process.env['HISTORY_RUNS'] ?? 400);
const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

interface Circumstances {
  readonly senders: number;
  readonly seed: number;
}

const alone: Circumstances = { senders: 1, seed: 0 };
const arbitraryCircumstances = fc.record({ senders: fc.integer({ min: 2, max: 8 }), seed: fc.integer() });

/** Delivers, then compares all that was stored with the oracle's history of the same facts. */
async function expectHistory({ facts, deliveries }: Deliveries, { senders, seed }: Circumstances) {
  const chance = chanceOf(seed);
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const record = recorderOver(
    senders === 1
      ? tables
      : {
          repositories: restlessTable(tables.repositories, chance),
          digests: restlessTable(tables.digests, chance),
          log: restlessTable(tables.log, chance),
        },
  );
  const outcomes = await deliver(record, deliveries, { senders });
  expect(outcomes.filter(({ outcome }) => outcome === 'recorded')).toHaveLength(facts.length);

  const sealed = await announcedIn(tables.log, repository.registry);
  const told = sealed.map((one) => one.fact);
  expect(new Set(told.map(withoutRecording))).toEqual(new Set(facts.map(withoutRecording)));
  expect(told).toHaveLength(facts.length);
  expect(await historyIn(tables.repositories, repository)).toEqual(historyOf(told));
  const places = tables.digests.rows().map(({ partitionKey, rowKey }) => `${partitionKey} ${rowKey}`);
  const digests = [...new Set(facts.map(({ digest }) => digest))].sort();
  expect(places).toEqual(digests.map((digest) => `${digest} r|contoso.azurecr.io|team:app`));
}

function withoutRecording(of: Fact): Fact {
  return { ...of, recordedAt: 0 };
}

describe('when facts have been delivered in any order, any number of times', () => {
  it('history is what the facts amount to, told from the beginning', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDeliveries, (deliveries) => expectHistory(deliveries, alone)),
      { numRuns },
    );
  });

  it('history is the same when several senders deliver at once and storage answers at random', async () => {
    await fc.assert(fc.asyncProperty(arbitraryDeliveries, arbitraryCircumstances, expectHistory), {
      numRuns,
    });
  });
});
