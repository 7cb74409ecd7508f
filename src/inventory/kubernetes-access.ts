import { Agent } from 'node:https';
import type { Authorization } from './kubernetes-call.ts';

/** How a cluster is reached. */
export type ClusterAccess = KubeconfigAccess | TokenAccess;

export interface KubeconfigAccess {
  /** A kubeconfig file's text: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ */
  readonly kubeconfig: string;
  /** The context to use instead of the file's current one. */
  readonly context?: string;
  /** The folder that relative paths in it start from. */
  readonly directory?: string;
}

export interface TokenAccess {
  /** Such as `https://contoso-1234.hcp.westeurope.azmk8s.io:443`. */
  readonly server: string;
  /** The authorities to trust, as PEM text; those of the system unless told. */
  readonly ca?: string;
  /** A bearer token. @throws Error when there is none. */
  readonly token: (signal: AbortSignal) => Promise<string>;
}

/** A way to a cluster that is open while the cluster is read. */
export interface ClusterConnection {
  /** Without a slash at the end. */
  readonly server: string;
  authorize(signal: AbortSignal): Promise<Authorization>;
  close(): void;
}

/** @throws Error when the access cannot be used, saying why. */
export async function openConnection(access: ClusterAccess): Promise<ClusterConnection> {
  if (!('kubeconfig' in access)) return connectionByToken(access);
  // The Kubernetes client is large, and most clusters are reached without it.
  const { connectionByKubeconfig } = await import('./kubernetes-kubeconfig.ts');
  return connectionByKubeconfig(access);
}

function connectionByToken({ server, ca, token }: TokenAccess): ClusterConnection {
  const { protocol } = new URL(server);
  if (protocol !== 'https:') throw new Error('the address of the server is not one of https');
  const agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  return {
    server: server.replace(/(?<!\/)\/+$/, ''),
    authorize: async (signal) => ({ agent, headers: { authorization: `Bearer ${await token(signal)}` } }),
    close: () => agent.destroy(),
  };
}
