import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';
import { loadServerCertificate } from '../../../local/acr/tls.ts';
import { type RunningKubernetes, startKubernetes } from '../../../local/kubernetes/kubernetes-server.ts';
import type { ClusterAccess } from '../../../src/inventory/kubernetes-access.ts';
import { listedResources, pathOf } from '../../../src/inventory/kubernetes-resources.ts';
import type { InventoryReading } from '../../../src/workloads/claim.ts';
import { accessToCluster } from '../../builders/kubernetes-access.ts';

let cluster: RunningKubernetes;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  cluster = await startKubernetes();
  cluster.deploy({ namespace: 'shop', name: 'web', image: 'contoso.azurecr.io/web:1', replicas: 0 });
});
afterAll(async () => {
  await cluster.close();
  await rm(directory, { recursive: true, force: true });
});

function read(access: ClusterAccess): Promise<InventoryReading> {
  return accessToCluster(cluster, { access }).source.read();
}

/** A kubeconfig with two contexts, of which the current one has a token that isn't taken. */
function kubeconfigWith(user: object, more: object = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { server: cluster.url, 'certificate-authority': 'ca.crt', ...more } }],
    users: [
      { name: 'nobody', user: { token: 'another' } },
      { name: 'reader', user },
    ],
    contexts: [
      { name: 'refused', context: { cluster: 'one', user: 'nobody' } },
      { name: 'admitted', context: { cluster: 'one', user: 'reader' } },
    ],
    'current-context': 'refused',
  });
}

describe('a cluster named by a kubeconfig', () => {
  it('when its current context may read, is read', async () => {
    const { claims, problems } = await read({ kubeconfig: cluster.kubeconfig });
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(1);
  });

  it('when another context is named, is read by that, with files beside the kubeconfig', async () => {
    await writeFile(join(directory, 'ca.crt'), cluster.ca);
    const kubeconfig = kubeconfigWith({ token: cluster.token });
    const refused = await read({ kubeconfig, directory });
    expect(refused.problems[0]?.problem).toContain('was answered by 401');
    expect(await read({ kubeconfig, directory, context: 'admitted' })).toEqual({
      problems: [],
      claims: [expect.objectContaining({ image: 'contoso.azurecr.io/web:1' })],
    });
  });

  it('when it holds a client certificate, is read by that', async () => {
    const made = await generate([{ name: 'commonName', value: 'acr-audit' }], {
      keyType: 'ec',
      algorithm: 'sha256',
    });
    const { certificate: cert, key } = await loadServerCertificate(directory);
    const admitted = createServer({ cert, key, ca: made.cert, requestCert: true }, (request, response) => {
      const listed = listedResources.find((resource) => request.url?.startsWith(`${pathOf(resource)}?`));
      response.end(JSON.stringify({ kind: `${listed?.kind}List`, apiVersion: 'v1', items: [] }));
    });
    await new Promise<void>((resolve) => admitted.listen(0, '127.0.0.1', resolve));
    try {
      const address = admitted.address();
      const server = `https://localhost:${typeof address === 'object' ? address?.port : 0}`;
      const base64 = (text: string) => Buffer.from(text).toString('base64');
      const user = { 'client-certificate-data': base64(made.cert), 'client-key-data': base64(made.private) };
      const access = { kubeconfig: kubeconfigWith(user, { server }), directory, context: 'admitted' };
      expect(await read(access)).toEqual({ claims: [], problems: [] });
      const { problems } = await read({ ...access, context: 'refused' });
      expect(problems).toHaveLength(9);
    } finally {
      admitted.closeAllConnections();
      await new Promise((resolve) => admitted.close(resolve));
    }
  });

  it('when a plugin gives the credential, is read by it', async () => {
    await writeFile(join(directory, 'ca.crt'), cluster.ca);
    const credential = { kind: 'ExecCredential', status: { token: cluster.token } };
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    };
    const reading = await read({ kubeconfig: kubeconfigWith({ exec }), directory, context: 'admitted' });
    expect(reading.problems).toEqual([]);
  });

  it('when the plugin is not there, every list is a problem', async () => {
    await writeFile(join(directory, 'ca.crt'), cluster.ca);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './no-such-plugin' };
    const { problems } = await read({ kubeconfig: kubeconfigWith({ exec }), directory, context: 'admitted' });
    expect(problems).toHaveLength(9);
    expect(problems[0]?.problem).toContain('has no credential');
  });

  it.each([
    ['is no YAML', '{'],
    ['is empty', ''],
    ['is a text', 'kubeconfig'],
    ['has no clusters', 'kind: Config\ncurrent-context: gone'],
    ['has a cluster without a server', 'clusters: [{name: a, cluster: {}}]'],
    [
      'has a server without address',
      'clusters: [{name: a, cluster: {server: here}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\ncurrent-context: a',
    ],
  ])('when it %s, is a problem', async (_, kubeconfig) => {
    const { claims, problems } = await read({ kubeconfig });
    expect(claims).toEqual([]);
    expect(problems).toEqual([
      { where: 'the cluster', problem: expect.stringContaining('cannot be reached') },
    ]);
  });

  it('when the context is not in it, is a problem', async () => {
    const { problems } = await read({ kubeconfig: cluster.kubeconfig, context: 'another' });
    expect(problems[0]?.problem).toContain('no context another');
  });
});
