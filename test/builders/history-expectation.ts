import { expect } from '@jest/globals';
import type { RecordOutcome } from '../../src/audit/record-fact.ts';
import type { Fact } from '../../src/history/fact.ts';
import { digestPlaceKey } from '../../src/storage/keys.ts';
import { deliver } from './delivery.ts';
import type { Deliveries } from './facts.ts';
import { historyOf } from './history-oracle.ts';
import { announcedIn, historyIn } from './history-reading.ts';
import { type HistoryTables, recorderOver } from './history-stores.ts';
import { memoryTable } from './memory-table.ts';
import { chanceOf, type Faults, restlessTable } from './restless-table.ts';

const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

/** What facts are delivered under. */
export interface Circumstances {
  readonly senders: number;
  /** Decides the turns that storage takes, and which calls meet a fault. */
  readonly seed: number;
  readonly faults?: Faults;
}

/**
 * Delivers to tables in memory until all is acknowledged, then expects the ledger's outbox to hold every fact once, and
 * the history to be the oracle's of what it holds.
 */
export async function expectHistory(
  { facts, deliveries }: Deliveries,
  { senders, seed, faults = {} }: Circumstances,
): Promise<readonly RecordOutcome[]> {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const chance = chanceOf(seed);
  const restless: HistoryTables = {
    repositories: restlessTable(tables.repositories, chance, faults),
    digests: restlessTable(tables.digests, chance, faults),
    log: restlessTable(tables.log, chance, faults),
  };
  const outcomes = await deliver(recorderOver(restless), deliveries, { senders, repeat: true });
  await expectHistoryIn(tables, facts);
  return outcomes;
}

/** Expects the tables to hold these facts of `team/app`, told as the oracle tells them, and nothing else. */
export async function expectHistoryIn(tables: HistoryTables, facts: readonly Fact[]): Promise<void> {
  const announced = await announcedIn(tables.log, repository.registry);
  const told = announced.map((record) => record.fact);
  expect(byInstant(told.map(withoutRecording))).toEqual(byInstant(facts.map(withoutRecording)));
  // Told with the leaves' own times of recording, so that the rows have to agree with the leaves.
  expect(await historyIn(tables.repositories, repository)).toEqual(historyOf(told));
  for (const digest of new Set(facts.map((one) => one.digest))) {
    const { rows } = await tables.digests.page({ partitionKey: digest, from: ' ', before: '~' }, 10);
    expect(rows.map(({ rowKey }) => rowKey)).toEqual([digestPlaceKey(digest, repository)]);
  }
}

/** The fact, whenever it was recorded. */
function withoutRecording(fact: Fact): Fact {
  return { ...fact, recordedAt: 0 };
}

function byInstant(facts: readonly Fact[]): readonly Fact[] {
  return facts.toSorted((a, b) => (`${a.at.time} ${a.at.id}` < `${b.at.time} ${b.at.id}` ? -1 : 1));
}
