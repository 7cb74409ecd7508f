import type { InventorySource } from '../audit/inventory-ports.ts';
import type { Clock } from '../audit/ports.ts';
import type { InventoryReading } from '../workloads/claim.ts';
import { type ClusterAccess, type ClusterConnection, openConnection } from './kubernetes-access.ts';
import { type ClusterCallOptions, clusterCall, reasonOf } from './kubernetes-call.ts';
import { type ListReading, readList } from './kubernetes-list-reading.ts';
import { readKubernetesObjects } from './kubernetes-objects.ts';
import { listedResources } from './kubernetes-resources.ts';

export interface KubernetesClusterOptions extends ClusterCallOptions {
  readonly access: ClusterAccess;
  /** The label or annotation that names who answers for a workload, `owner` unless told. */
  readonly ownerLabel?: string;
  /** Objects of one page, 500 unless told. */
  readonly pageSize?: number;
  readonly clock?: Clock;
}

/** Lists that are read at once: enough not to wait for each in turn, few enough to hold a page of each. */
const listsAtOnce = 3;

/**
 * The workloads of a cluster, from its API server. Everything that is asked is a list of all namespaces, by GET; a list
 * that is refused or cut off is a problem beside what the others say.
 */
export function kubernetesCluster(options: KubernetesClusterOptions): InventorySource {
  const { access, ownerLabel, pageSize = 500, clock = { now: () => Date.now() } } = options;
  const call = clusterCall(options);

  async function readAll(connection: ClusterConnection, signal: AbortSignal): Promise<InventoryReading> {
    const now = clock.now();
    const readings: ListReading[] = [];
    const waiting = listedResources.entries();
    async function readInTurn(): Promise<void> {
      for (const [index, listed] of waiting) {
        readings[index] = await readList(listed, { connection, call, pageSize }, signal);
      }
    }
    await Promise.all(Array.from({ length: listsAtOnce }, readInTurn));
    const { claims, problems } = readKubernetesObjects(
      readings.flatMap(({ pages }) => pages),
      { now, ...(ownerLabel === undefined ? {} : { ownerLabel }) },
    );
    return { claims, problems: [...readings.flatMap(({ problem }) => problem ?? []), ...problems] };
  }

  return {
    async read(signal = new AbortController().signal) {
      signal.throwIfAborted();
      let connection: ClusterConnection;
      try {
        connection = await openConnection(access);
      } catch (error) {
        return unread(`cannot be reached: ${reasonOf(error)}`);
      }
      try {
        return await readAll(connection, signal);
      } finally {
        connection.close();
      }
    },
  };
}

function unread(problem: string): InventoryReading {
  return { claims: [], problems: [{ where: 'the cluster', problem }] };
}
