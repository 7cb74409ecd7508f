import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { TableClient } from '@azure/data-tables';
import { startStorage } from '../local/storage.ts';
import type { Log } from '../src/audit/ports.ts';
import type { OnRecorded } from '../src/audit/protection-ports.ts';
import { recordEvent } from '../src/audit/record-event.ts';
import { historyReader, historyWriter } from '../src/storage/history-store.ts';
import { outbox } from '../src/storage/outbox.ts';
import { rejections } from '../src/storage/rejections.ts';
import type { Tables } from '../src/storage/tables.ts';
import { tablesOf } from '../src/storage/tables.ts';

/** Storage for a measurement: Azurite in memory, a process of its own. */
export interface BenchStorage {
  readonly connectionString: string;
  client(table: string): TableClient;
  stop(): Promise<void>;
}

/** Starts Azurite in memory. */
export async function benchStorage(): Promise<BenchStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'acr-audit-bench-'));
  const { connectionString, child } = await startStorage(folder, true);
  return {
    connectionString,
    client: (table) =>
      TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection: true }),
    async stop() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The audit's tables in that storage, created, with a policy on every request. */
export async function benchTables(storage: BenchStorage, policy?: PipelinePolicy): Promise<Tables> {
  const names = ['repositories', 'digests', 'log', 'rejected', 'inventory', 'findings', 'workloads'];
  await Promise.all(names.map((name) => storage.client(name).createTable()));
  return tablesOf((name) => {
    const client = storage.client(name);
    if (policy !== undefined) client.pipeline.addPolicy(policy, { afterPhase: 'Retry' });
    return client;
  });
}

export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** The whole handler of an event over the given tables: reading, canonical JSON, writing. */
export function handlerOver(
  { repositories, digests, log, rejected }: Pick<Tables, 'repositories' | 'digests' | 'log' | 'rejected'>,
  now = Date.now,
  onRecorded?: OnRecorded,
) {
  return recordEvent([{ loginServer: 'contoso.azurecr.io' }], {
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
    rejections: rejections(rejected),
    clock: { now },
    log: silent,
    ...(onRecorded === undefined ? {} : { onRecorded }),
  });
}
