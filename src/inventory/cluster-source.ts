import { dirname } from 'node:path';
import type { TokenCredential } from '@azure/core-auth';
import type { InventorySource } from '../audit/inventory-ports.ts';
import type { Clock, Log } from '../audit/ports.ts';
import type { SourceAccess } from '../workloads/source.ts';
import { aksCluster } from './aks-cluster.ts';
import { kubernetesCluster } from './kubernetes-cluster.ts';

export interface ClusterSourceOptions {
  readonly access: Extract<SourceAccess, { type: 'aks' | 'kubeconfig' }>;
  readonly credential: TokenCredential;
  /** The text of a file by its path, or `undefined` when there is none. */
  readonly readText: (path: string) => string | undefined;
  readonly ownerLabel?: string;
  readonly armEndpoint?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A Kubernetes cluster as a source of the inventory: one of AKS, or any that a kubeconfig leads to. */
export function clusterSource(options: ClusterSourceOptions): InventorySource {
  const { access, credential, readText, ownerLabel, armEndpoint, clock } = options;
  const reading = { clock, ...(ownerLabel === undefined ? {} : { ownerLabel }) };
  if (access.type === 'aks') {
    const endpoint =
      armEndpoint === undefined
        ? {}
        : { armEndpoint, allowInsecureConnection: armEndpoint.startsWith('http:') };
    return aksCluster({ resourceId: access.cluster, credential, ...endpoint, ...reading });
  }
  const { file, context } = access;
  return {
    // Read anew each time: tokens in it are renewed by others.
    async read(signal) {
      const kubeconfig = readText(file);
      if (kubeconfig === undefined) {
        return {
          claims: [],
          problems: [{ where: 'cluster', problem: `its kubeconfig ${file} is not there` }],
        };
      }
      const directory = dirname(file);
      const cluster = kubernetesCluster({
        access: { kubeconfig, directory, ...(context === undefined ? {} : { context }) },
        ...reading,
      });
      return cluster.read(signal);
    },
  };
}
