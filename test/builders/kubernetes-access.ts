import { setTimeout as delay } from 'node:timers/promises';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import type { InventorySource } from '../../src/audit/inventory-ports.ts';
import { type KubernetesClusterOptions, kubernetesCluster } from '../../src/inventory/kubernetes-cluster.ts';

/** The source that reads a cluster on this machine by its token, and the waits that it would have made. */
export function accessToCluster(
  { url: server, ca, token }: Pick<RunningKubernetes, 'url' | 'ca' | 'token'>,
  options: Partial<KubernetesClusterOptions> = {},
): { readonly source: InventorySource; readonly waits: readonly number[] } {
  const waits: number[] = [];
  const source = kubernetesCluster({
    access: { server, ca, token: async () => token },
    pause: async (ms) => {
      waits.push(ms);
      await delay(0);
    },
    ...options,
  });
  return { source, waits };
}
