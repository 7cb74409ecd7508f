import { QueueServiceClient } from '@azure/storage-queue';
import { concurrently } from '../../src/audit/concurrently.ts';
import {
  announcedPartition,
  keysUnder,
  readAnnouncedStatementKey,
  readWaitingKey,
  repositoryKey,
  statementKey,
  waitingRecords,
} from '../../src/storage/keys.ts';
import { rowsOf } from '../../src/storage/row.ts';
import { clientsByConnectionString, tablesOf } from '../../src/storage/tables.ts';
import { quantile } from '../figure.ts';
import type { Courier } from './courier.ts';
import type { Probed } from './probed-host.ts';
import { stolenMs, useOf } from './process-use.ts';
import type { ServiceCalls } from './service-calls.ts';
import type { SoakSetting } from './setting.ts';

/** Waiting records that are looked for at once. */
const mostAtOnce = 16;

/** Milliseconds after which an announced statement that is not recorded is taken to have lost a race; the end counts anew. */
const oldAfterMs = 120_000;

/** The service at one time, and what happened since the sample before. */
export interface Sample {
  /** Seconds since the traffic began. */
  readonly at: number;
  readonly host: Probed;
  /**
   * CPU seconds per second since the sample before: of the host, of storage, of who drives and stands for the registry; and
   * those that other machines on the same hardware had while this one waited for them.
   */
  readonly cores: {
    readonly host: number;
    readonly storage?: number;
    readonly driver: number;
    readonly stolen?: number;
  };
  readonly storageRss?: number;
  /** Deliveries acknowledged since the sample before. */
  readonly delivered: number;
  /** Milliseconds from when they were due. */
  readonly latency: { readonly p50: number; readonly p99: number };
  /** Milliseconds of what readers asked. */
  readonly reading: { readonly p50: number; readonly p99: number };
  readonly backlog: number;
  /** Messages by queue, of those that have some; absent where storage did not answer. */
  readonly queues?: Readonly<Record<string, number>>;
  /** Records not sealed yet, without statements that are to be taken back; absent where storage did not answer. */
  readonly waitingForSeal?: number;
}

/** Takes samples of a setting. */
export function samplerOf(
  { host, registry, connectionString, storageProcess }: SoakSetting,
  courier: Courier,
  service: ServiceCalls,
) {
  const began = performance.now();
  const { log, repositories } = tablesOf(clientsByConnectionString(connectionString));
  const queues = QueueServiceClient.fromConnectionString(connectionString);
  let before: Record<'at' | 'host' | 'storage' | 'driver', number> & { stolen?: number } = {
    at: 0,
    host: 0,
    storage: 0,
    driver: 0,
  };

  async function queueLengths(): Promise<Readonly<Record<string, number>>> {
    const names = (await Array.fromAsync(queues.listQueues())).map(({ name }) => name);
    const lengths = await Promise.all(
      names.map(async (name) => {
        const { approximateMessagesCount = 0 } = await queues.getQueueClient(name).getProperties();
        return [name, approximateMessagesCount] as const;
      }),
    );
    return Object.fromEntries(lengths.filter(([, length]) => length > 0));
  }

  /** Statements that were announced and not recorded since, as they were found to be when they were no longer young. */
  const lost = new Set<string>();

  async function waiting(): Promise<readonly string[]> {
    const partitionKey = announcedPartition(registry.loginServer);
    const range = { partitionKey, ...keysUnder(waitingRecords), select: [] };
    return (await Array.fromAsync(rowsOf(log, range))).map(({ rowKey }) => rowKey);
  }

  /** Whether what waits was recorded. A statement that was not, having lost a race, is taken back within an hour. */
  async function isRecorded(rowKey: string): Promise<boolean> {
    const statement = readAnnouncedStatementKey(readWaitingKey(rowKey)?.announced ?? '');
    if (statement === undefined) return true;
    const { repository, at } = statement;
    const partition = repositoryKey({ registry: registry.loginServer, repository });
    return (await repositories.get(partition, statementKey(at))) !== undefined;
  }

  /** Records that are to be sealed, and statements that are to be taken back. */
  async function waitingForSeal(): Promise<{ readonly recorded: number; readonly abandoned: number }> {
    const rows = await waiting();
    let recorded = 0;
    await concurrently(rows, mostAtOnce, async (row) => {
      if (await isRecorded(row)) recorded += 1;
    });
    return { recorded, abandoned: rows.length - recorded };
  }

  /** Records that are to be sealed, looked for among the old ones alone: a young statement may be recorded yet. */
  async function countWaiting(): Promise<number> {
    const rows = await waiting();
    const oldBefore = Date.now() - oldAfterMs;
    const old = rows.filter((row) => !lost.has(row) && (readWaitingKey(row)?.recordedAt ?? 0) < oldBefore);
    await concurrently(old, mostAtOnce, async (row) => {
      if (!(await isRecorded(row))) lost.add(row);
    });
    return rows.filter((row) => !lost.has(row)).length;
  }

  return {
    queueLengths,
    waitingForSeal,
    async take(): Promise<Sample> {
      const [lengths, unsealed, storage, stolen] = await Promise.all([
        queueLengths().catch(() => undefined),
        countWaiting().catch(() => undefined),
        useOf(storageProcess),
        stolenMs(),
      ]);
      const probed = await host.probe();
      const { user, system } = process.cpuUsage();
      const at = (performance.now() - began) / 1000;
      const now = {
        at,
        host: probed.cpuMs,
        storage: storage?.cpuMs ?? 0,
        driver: (user + system) / 1000,
        ...(stolen === undefined ? {} : { stolen }),
      };
      const stolenBefore = before.stolen;
      const cores = (who: 'host' | 'storage' | 'driver') =>
        (now[who] - before[who]) / 1000 / (now.at - before.at);
      const used = {
        host: cores('host'),
        ...(storage === undefined ? {} : { storage: cores('storage') }),
        driver: cores('driver'),
        ...(stolen === undefined || stolenBefore === undefined
          ? {}
          : { stolen: (stolen - stolenBefore) / 1000 / (now.at - before.at) }),
      };
      before = now;
      const [latencies, readings] = [courier.takeLatencies(), service.takeLatencies()];
      const of = (values: readonly number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
      return {
        at,
        host: probed,
        cores: used,
        ...(storage === undefined ? {} : { storageRss: storage.rss }),
        delivered: latencies.length,
        latency: of(latencies),
        reading: of(readings),
        backlog: courier.backlog(),
        ...(lengths === undefined ? {} : { queues: lengths }),
        ...(unsealed === undefined ? {} : { waitingForSeal: unsealed }),
      };
    },
  };
}
