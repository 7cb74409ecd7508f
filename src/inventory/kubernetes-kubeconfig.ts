import { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterConnection, KubeconfigAccess } from './kubernetes-access.ts';

/**
 * Of the Kubernetes client only its KubeConfig is used: certificates, token files, exec plugins, OIDC and proxies. Its
 * typed API would turn dates into objects and drop the fields it doesn't know, while the reader wants what was sent.
 */
export function connectionByKubeconfig({
  kubeconfig,
  context,
  directory,
}: KubeconfigAccess): ClusterConnection {
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
    server: cluster.server.replace(/(?<!\/)\/+$/, ''),
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
