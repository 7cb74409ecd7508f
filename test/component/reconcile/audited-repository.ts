import { expect } from '@jest/globals';
import { type ReconcileSummary, reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { recordEvent } from '../../../src/audit/record-event.ts';
import { recordFact } from '../../../src/audit/record-fact.ts';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { rejections } from '../../../src/storage/rejections.ts';
import type { Table } from '../../../src/storage/row.ts';
import { type History, historyOf } from '../../builders/history-oracle.ts';
import { announcedIn, historyIn } from '../../builders/history-reading.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import type { TestRegistry } from '../acr/test-registry.ts';

/** The registry that is audited, how its content is read, and the time, which goes on whenever it is read. */
export interface Audited {
  readonly registry: TestRegistry;
  readonly content: RegistryContent;
  readonly clock: { time: number };
}

export type AuditedRepository = ReturnType<typeof auditedRepository>;

/** The history of a repository, in memory, from events as they were delivered and from comparisons. */
export function auditedRepository({ registry, content, clock }: Audited, repository: string) {
  const id = { registry: registry.loginServer, repository };
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  let writes = 0;
  const counted = (table: Table): Table => ({
    ...table,
    insert: (row) => counting(table.insert(row)),
    put: (row) => counting(table.put(row)),
    transact: (operations) => counting(table.transact(operations)),
  });
  const counting = <T>(written: Promise<T>): Promise<T> => {
    writes += 1;
    return written;
  };
  // It goes on between two readings, as everywhere.
  const ticking = {
    now: () => {
      clock.time += 1;
      return clock.time;
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const history = storesOver({
    repositories: counted(tables.repositories),
    digests: counted(tables.digests),
    log: counted(tables.log),
  });
  const record = recordEvent(
    [{ loginServer: registry.loginServer, resourceId: registry.resourceId.toLowerCase() }],
    {
      ...history,
      rejections: rejections(memoryTable()),
      clock: ticking,
      log,
    },
  );
  const reconcile = reconcileRepository({
    content,
    ...history,
    known: knownContent(tables.repositories),
    record: recordFact(history),
    clock: ticking,
    log,
  });
  return {
    /** Writes asked for so far, whether they changed anything or not. */
    writes: () => writes,
    async deliver(events: readonly unknown[]): Promise<void> {
      for (const event of events) expect(['recorded', 'known']).toContain(await record(event));
    },
    /** Compares an hour later; `before` is the beginning of the last comparison, as a round hands it on. */
    async reconcile(
      before?: number,
    ): Promise<{ readonly startedAt: number; readonly found: ReconcileSummary }> {
      clock.time += 3_600_000;
      const startedAt = clock.time;
      const found = await reconcile({
        ...id,
        source: 'reconcile',
        ...(before === undefined ? {} : { before }),
      });
      return { startedAt, found };
    },
    /** Its history, which has to be what its facts amount to. */
    async history(): Promise<History> {
      const history = await historyIn(tables.repositories, id);
      const facts = (await announcedIn(tables.log, id.registry)).map(({ fact }) => fact);
      expect(history).toEqual(historyOf(facts));
      return history;
    },
  };
}
