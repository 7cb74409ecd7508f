import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { type RunningKubernetes, startKubernetes } from '../../../local/kubernetes/kubernetes-server.ts';
import { type AksClusterOptions, aksCluster } from '../../../src/inventory/aks-cluster.ts';
import { type ResourceManager, startResourceManager } from '../../builders/resource-manager.ts';

const resourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop/providers/Microsoft.ContainerService/managedClusters/aks-prod';

let cluster: RunningKubernetes;
let arm: ResourceManager;
let scopes: string[];

beforeEach(async () => {
  scopes = [];
  [cluster, arm] = await Promise.all([startKubernetes(), startResourceManager()]);
  cluster.deploy({ namespace: 'shop', name: 'web', image: 'contoso.azurecr.io/web:1', replicas: 0 });
  arm.answer(200, credentials(cluster.kubeconfig));
});
afterEach(() => Promise.all([cluster.close(), arm.close()]));

/** Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list-cluster-user-credentials */
function credentials(kubeconfig: string): object {
  return { kubeconfigs: [{ name: 'clusterUser', value: Buffer.from(kubeconfig).toString('base64') }] };
}

/** A credential of an identity that has the cluster's token for the cluster, and another for everything else. */
function source(options: Partial<AksClusterOptions> = {}) {
  return aksCluster({
    resourceId,
    armEndpoint: arm.url,
    allowInsecureConnection: true,
    pause: async () => undefined,
    credential: {
      async getToken(scope) {
        scopes.push(String(scope));
        const token = String(scope).startsWith('6dae42f8-') ? cluster.token : 'for the resource manager';
        return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    },
    ...options,
  });
}

describe('an AKS cluster', () => {
  it('when the identity may read it, is read with tokens of its own', async () => {
    const { claims, problems } = await source().read();
    expect(problems).toEqual([]);
    expect(claims).toEqual([
      expect.objectContaining({ image: 'contoso.azurecr.io/web:1', state: 'desired' }),
    ]);
    expect(new Set(scopes)).toEqual(
      new Set([`${arm.url}/.default`, '6dae42f8-4368-4678-94ff-3960e28e3630/.default']),
    );
  });

  it('when it is read, Azure is asked for the address alone, and no command is run', async () => {
    await source().read();
    expect(arm.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      `POST ${resourceId}/listClusterUserCredential?api-version=2025-05-01&format=exec`,
    ]);
    expect(arm.requests[0]?.headers.authorization).toBe('Bearer for the resource manager');
    expect(new Set(cluster.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  it('when its kubeconfig names a user, that one is not used', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/false' };
    arm.answer(
      200,
      credentials(
        `${cluster.kubeconfig}\n`.replace(/user:\n\s+token: .*/, `user: ${JSON.stringify({ exec })}`),
      ),
    );
    expect((await source().read()).problems).toEqual([]);
  });

  it.each([
    [
      403,
      { error: { code: 'AuthorizationFailed', message: 'not allowed' } },
      'was answered by 403: not allowed',
    ],
    [404, 'no such cluster', 'was answered by 404'],
    [500, {}, 'was answered by 500'],
    [302, '', 'was answered by 302'],
    [200, 'no JSON', 'something else than a kubeconfig'],
    [200, {}, 'something else than a kubeconfig'],
    [200, { kubeconfigs: [{ value: 7 }] }, 'something else than a kubeconfig'],
    [200, credentials('clusters: ['), 'something else than a kubeconfig'],
    [200, credentials(stringify({ clusters: [{ cluster: { server: 'http://a' } }] })), 'something else'],
  ])('when Azure answers %s %j, that is the problem', async (status, body, problem) => {
    arm.answer(status, body);
    expect(await source().read()).toEqual({
      claims: [],
      problems: [{ where: 'the credential of the cluster', problem: expect.stringContaining(problem) }],
    });
    expect(cluster.requests).toEqual([]);
  });

  it('when its address cannot be reached, as of a private cluster from outside, every list is a problem', async () => {
    const gone = cluster.kubeconfig.replaceAll(cluster.url, 'https://localhost:1');
    arm.answer(200, credentials(gone));
    const { claims, problems } = await source().read();
    expect(claims).toEqual([]);
    expect(problems).toHaveLength(9);
    expect(problems[0]?.problem).toContain('the connection failed (ECONNREFUSED)');
  });

  it('when the identity has no token, that is the problem', async () => {
    const { problems } = await source({ credential: { getToken: async () => null } }).read();
    expect(problems).toEqual([
      expect.objectContaining({ problem: expect.stringContaining('no credential') }),
    ]);
  });

  it.each([
    '',
    'aks-prod',
    `${resourceId}/../other`,
    `${resourceId}?x=`,
    `${resourceId}/runCommand`,
    resourceId.replace('rg-shop', '..'),
  ])('when the resource id is %j, nothing is asked', async (id) => {
    const { problems } = await source({ resourceId: id }).read();
    expect(problems).toHaveLength(1);
    expect(arm.requests).toEqual([]);
  });

  it('when the endpoint of Azure is not one of https, sends no token unless that is allowed', async () => {
    const { problems } = await source({ allowInsecureConnection: false }).read();
    expect(problems).toHaveLength(1);
    expect(arm.requests).toEqual([]);
  });

  it('when it is aborted, throws', async () => {
    await expect(source().read(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
