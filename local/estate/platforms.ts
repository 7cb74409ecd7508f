import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zeroSubscription } from '../azure/arm-resource.ts';
import { type ArmStandIn, startArm } from '../azure/arm-server.ts';
import { type RunningKubernetes, startKubernetes } from '../kubernetes/kubernetes-server.ts';

/** What runs images in the estate: a small cluster and a subscription of Azure, with a file that says how they are read. */
export interface Platforms {
  readonly kubernetes: RunningKubernetes;
  readonly azure: ArmStandIn;
  /** The file of sources: `ACR_AUDIT_INVENTORY`. */
  readonly inventoryFile: string;
  close(): Promise<void>;
}

/** Starts the stand-ins; the files that lead to them are kept in the folder. */
export async function startPlatforms(directory: string): Promise<Platforms> {
  const [kubernetes, azure] = await Promise.all([startKubernetes(), startArm()]);
  azure.addSubscription(zeroSubscription);
  const kubeconfig = join(directory, 'kubeconfig');
  // It holds the cluster's token.
  await writeFile(kubeconfig, kubernetes.kubeconfig, { mode: 0o600 });
  const sources = [
    { name: 'cluster', type: 'kubernetes', kubeconfig, environment: 'production' },
    { name: 'azure', type: 'azure', subscriptions: [zeroSubscription], environment: 'production' },
    { name: 'compose', type: 'submitted', environment: 'staging' },
  ];
  const inventoryFile = join(directory, 'inventory.json');
  await writeFile(inventoryFile, `${JSON.stringify({ version: 1, sources }, undefined, 2)}\n`);
  return {
    kubernetes,
    azure,
    inventoryFile,
    async close() {
      await Promise.all([kubernetes.close(), azure.close()]);
    },
  };
}
