import { Agent } from 'node:http';
import { type RequestOptions, Agent as TlsAgent } from 'node:https';
import type { Authorization } from './kubernetes-call.ts';

/** How a cluster is reached. */
export type ClusterAccess =
  | {
      /** A kubeconfig file's text: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ */
      readonly kubeconfig: string;
      /** The context to use instead of the file's current one. */
      readonly context?: string;
      /** The folder that relative paths in it start from. */
      readonly directory?: string;
    }
  | {
      /** Such as `https://contoso-1234.hcp.westeurope.azmk8s.io:443`. */
      readonly server: string;
      /** The authorities to trust, as PEM text; those of the system unless told. */
      readonly ca?: string;
      /** A bearer token. @throws Error when there is none. */
      readonly token: (signal: AbortSignal) => Promise<string>;
    };

/** A way to a cluster that is open while the cluster is read. */
export interface ClusterConnection {
  /** Without a slash at the end. */
  readonly server: string;
  authorize(signal: AbortSignal): Promise<Authorization>;
  close(): void;
}

/** @throws Error when the access cannot be used, saying why. */
export async function openConnection(access: ClusterAccess): Promise<ClusterConnection> {
  return 'kubeconfig' in access ? connectionByKubeconfig(access) : connectionByToken(access);
}

function connectionByToken({
  server,
  ca,
  token,
}: Extract<ClusterAccess, { server: string }>): ClusterConnection {
  const { protocol } = new URL(server);
  if (protocol !== 'https:') throw new Error('the address of the server is not one of https');
  const agent = new TlsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  return {
    server: server.replace(/\/+$/, ''),
    authorize: async (signal) => ({ agent, headers: { authorization: `Bearer ${await token(signal)}` } }),
    close: () => agent.destroy(),
  };
}

/**
 * Of the Kubernetes client only its KubeConfig is used: certificates, token files, exec plugins, OIDC and proxies. Its
 * typed API would turn dates into objects and drop the fields it doesn't know, while the reader wants what was sent.
 */
async function connectionByKubeconfig({
  kubeconfig,
  context,
  directory,
}: Extract<ClusterAccess, { kubeconfig: string }>): Promise<ClusterConnection> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  if (directory !== undefined) config.makePathsAbsolute(directory);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(`the kubeconfig has no context ${context ?? config.getCurrentContext()} with a cluster`);
  }
  if (!URL.canParse(cluster.server)) throw new Error('the address of the server is not a URL');
  const agents = new Set<Agent>();
  return {
    server: cluster.server.replace(/\/+$/, ''),
    async authorize() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { agent, auth, headers = {} } = options;
      if (agent instanceof Agent) agents.add(agent);
      return {
        headers: {
          ...(auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}),
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        },
        ...(agent instanceof Agent ? { agent } : {}),
      };
    },
    close: () => {
      for (const agent of agents) agent.destroy();
    },
  };
}
