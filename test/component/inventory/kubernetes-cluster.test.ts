import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ListFault } from '../../../local/kubernetes/faults.ts';
import { type RunningKubernetes, startKubernetes } from '../../../local/kubernetes/kubernetes-server.ts';
import type { ReportedClaim } from '../../../src/workloads/claim.ts';
import { accessToCluster } from '../../builders/kubernetes-access.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const now = Date.UTC(2026, 10, 1);

let cluster: RunningKubernetes;

beforeEach(async () => {
  cluster = await startKubernetes({ now: () => now });
});
afterEach(() => cluster.close());

/** `state kind/name image`, as one line. */
function told(claims: readonly ReportedClaim[]): readonly string[] {
  return claims
    .map(({ state, workload: { kind, name }, image }) => `${state} ${kind}/${name} ${image}`)
    .sort();
}

function podsNamed(count: number): void {
  for (let index = 0; index < count; index += 1) {
    const name = `pod-${String(index).padStart(3, '0')}`;
    cluster.put('pods', {
      metadata: { namespace: 'shop', name },
      spec: { containers: [{ name: 'app', image: `contoso.azurecr.io/${name}:1` }] },
      status: { phase: 'Running' },
    });
  }
}

describe('a cluster', () => {
  it('when Deployments were rolled out, tells what runs, is wanted and is kept', async () => {
    const order = { namespace: 'shop', name: 'web', labels: { owner: 'team-a' } };
    cluster.deploy({ ...order, image: 'contoso.azurecr.io/web:1' });
    cluster.deploy({ ...order, image: 'contoso.azurecr.io/web:2', replicas: 2, digest });
    const { claims, problems } = await accessToCluster(cluster).source.read();
    const workload = {
      kind: 'Deployment',
      name: 'web',
      namespace: 'shop',
      container: 'app',
      owner: 'team-a',
    };
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(3);
    expect(claims).toEqual(
      expect.arrayContaining([
        {
          workload,
          state: 'running',
          image: 'contoso.azurecr.io/web:2',
          pulled: `contoso.azurecr.io/web@${digest}`,
          since: now,
        },
        { workload, state: 'desired', image: 'contoso.azurecr.io/web:2', revision: '2', since: now },
        { workload, state: 'rollback', image: 'contoso.azurecr.io/web:1', revision: '1', since: now },
      ]),
    );
  });

  it('when a Deployment is scaled to zero, goes back and is gone, tells so', async () => {
    const order = { namespace: 'shop', name: 'web' };
    const { source } = accessToCluster(cluster);
    cluster.deploy({ ...order, image: 'contoso.azurecr.io/web:1', digest });
    cluster.scale('shop', 'web', 0);
    expect(told((await source.read()).claims)).toEqual(['desired Deployment/web contoso.azurecr.io/web:1']);

    cluster.deploy({ ...order, image: 'contoso.azurecr.io/web:2', replicas: 0 });
    cluster.deploy({ ...order, image: 'contoso.azurecr.io/web:1' });
    cluster.pull('shop', 'web', digest);
    const { claims } = await source.read();
    expect(told(claims)).toEqual([
      'desired Deployment/web contoso.azurecr.io/web:1',
      'rollback Deployment/web contoso.azurecr.io/web:2',
      'running Deployment/web contoso.azurecr.io/web:1',
    ]);
    expect(claims.find(({ state }) => state === 'desired')?.revision).toBe('3');

    cluster.undeploy('shop', 'web');
    expect(await source.read()).toEqual({ claims: [], problems: [] });
  });

  it('when lists have several pages, reads them all', async () => {
    podsNamed(23);
    const { claims, problems } = await accessToCluster(cluster, { pageSize: 5 }).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(23);
    expect(cluster.requests.filter(({ target }) => target.startsWith('/api/v1/pods?'))).toHaveLength(5);
  });

  it('when it is read, is asked for nothing but lists of all namespaces', async () => {
    podsNamed(3);
    await accessToCluster(cluster, { pageSize: 2 }).source.read();
    expect(new Set(cluster.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(new Set(cluster.requests.map(({ target }) => target.replace(/\?.*/, '')))).toEqual(
      new Set([
        '/api/v1/pods',
        '/api/v1/replicationcontrollers',
        '/apis/apps/v1/controllerrevisions',
        '/apis/apps/v1/daemonsets',
        '/apis/apps/v1/deployments',
        '/apis/apps/v1/replicasets',
        '/apis/apps/v1/statefulsets',
        '/apis/batch/v1/cronjobs',
        '/apis/batch/v1/jobs',
      ]),
    );
  });

  it('when a page comes compressed, reads it', async () => {
    podsNamed(500);
    const { claims, problems } = await accessToCluster(cluster).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(500);
  });

  it('when a page is longer than it may be once decompressed, asks for shorter ones', async () => {
    podsNamed(500);
    const { claims, problems } = await accessToCluster(cluster, { maxBytes: 100_000 }).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(500);
  });

  it('when a page is too long, asks for shorter ones', async () => {
    podsNamed(40);
    const { claims, problems } = await accessToCluster(cluster, {
      pageSize: 40,
      maxBytes: 4_096,
    }).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(40);
  });

  it('when a single object is too long, its list is a problem', async () => {
    podsNamed(1);
    const { problems } = await accessToCluster(cluster, { maxBytes: 300 }).source.read();
    expect(problems).toEqual([{ where: 'pods', problem: 'has an answer longer than 300 bytes' }]);
  });

  it('when the token is not taken, every list is a problem', async () => {
    const { source } = accessToCluster({ ...cluster, token: 'another' });
    const { claims, problems } = await source.read();
    expect(claims).toEqual([]);
    expect(problems).toHaveLength(9);
    expect(problems).toContainEqual({
      where: 'deployments.apps',
      problem: 'was answered by 401: Unauthorized',
    });
  });

  it('when there is no token, every list is a problem', async () => {
    const { url: server, ca } = cluster;
    const token = () => Promise.reject(new Error('no identity here'));
    const { problems } = await accessToCluster(cluster, { access: { server, ca, token } }).source.read();
    expect(problems).toHaveLength(9);
    expect(problems[0]?.problem).toBe('has no credential: no identity here');
    expect(cluster.requests).toEqual([]);
  });

  it('when its certificate is not trusted, sends no token', async () => {
    const { url: server, token } = cluster;
    const access = { server, token: async () => token };
    const { problems } = await accessToCluster(cluster, { access }).source.read();
    expect(problems).toHaveLength(9);
    expect(problems[0]?.problem).toContain('is not trusted');
    expect(cluster.requests).toEqual([]);
  });

  it('when its address is not one of https, is not asked', async () => {
    const access = { server: 'http://localhost:1', token: async () => 'secret' };
    const { problems } = await accessToCluster(cluster, { access }).source.read();
    expect(problems).toEqual([{ where: 'the cluster', problem: expect.stringContaining('https') }]);
  });
});

describe('a list', () => {
  beforeEach(() => {
    podsNamed(5);
    cluster.deploy({ namespace: 'shop', name: 'web', image: 'contoso.azurecr.io/web:1', replicas: 0 });
  });

  const failures: readonly [ListFault, string, number][] = [
    ['unauthorized', 'was answered by 401', 1],
    ['forbidden', 'was answered by 403: pods is forbidden', 1],
    ['missing', 'was answered by 404', 1],
    ['throttled', 'was answered by 429', 4],
    ['throttled for an hour', 'was answered by 429', 1],
    ['broken', 'was answered by 500: etcdserver', 4],
    ['cut off', 'the connection failed', 4],
    ['hung up', 'the connection failed', 4],
    ['not JSON', 'what is not JSON', 1],
    ['another list', 'expected a PodList', 1],
    ['endless', 'goes in a circle', 2],
  ];

  it.each(failures)(
    'when it is %s, is a problem and the others are read',
    async (fault, problem, requests) => {
      cluster.fail('pods', fault);
      const { claims, problems } = await accessToCluster(cluster, { pageSize: 2 }).source.read();
      expect(problems).toEqual([{ where: 'pods', problem: expect.stringContaining(problem) }]);
      expect(told(claims)).toEqual(['desired Deployment/web contoso.azurecr.io/web:1']);
      expect(cluster.requests.filter(({ target }) => target.startsWith('/api/v1/pods'))).toHaveLength(
        requests,
      );
    },
  );

  it('when it is silent, is a problem and the others are read', async () => {
    cluster.fail('pods', 'silent');
    const { claims, problems } = await accessToCluster(cluster, { timeoutMs: 300 }).source.read();
    expect(problems).toEqual([{ where: 'pods', problem: 'gave no answer in 0.3 seconds' }]);
    expect(claims).toHaveLength(1);
  });

  it('when the token for the next page expires once, is read anew', async () => {
    cluster.fail('pods', 'expired');
    const { claims, problems } = await accessToCluster(cluster, { pageSize: 2 }).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(6);
  });

  it('when it is read anew, what is gone by then is not told', async () => {
    cluster.fail('pods', 'expired');
    const { url: server, ca, token } = cluster;
    const access = {
      server,
      ca,
      async token() {
        const isContinued = cluster.requests.some(({ target }) => target.includes('continue='));
        if (isContinued) cluster.remove('pods', 'shop', 'pod-000');
        return token;
      },
    };
    const { claims, problems } = await accessToCluster(cluster, { access, pageSize: 2 }).source.read();
    expect(problems).toEqual([]);
    expect(told(claims)).not.toContain('running Pod/pod-000 contoso.azurecr.io/pod-000:1');
    expect(claims).toHaveLength(5);
  });

  it('when the token for the next page expires again, is a problem beside what was read', async () => {
    cluster.fail('pods', 'always expired');
    const { claims, problems } = await accessToCluster(cluster, { pageSize: 2 }).source.read();
    expect(problems).toEqual([{ where: 'pods', problem: expect.stringContaining('was answered by 410') }]);
    expect(claims).toHaveLength(3);
  });

  it('when a later page is missing, is a problem beside what was read', async () => {
    cluster.fail('pods', 'half-read');
    const { claims, problems } = await accessToCluster(cluster, { pageSize: 2 }).source.read();
    expect(problems).toEqual([{ where: 'pods', problem: expect.stringContaining('was answered by 404') }]);
    expect(claims).toHaveLength(3);
  });

  it('when a page is empty, is read on', async () => {
    cluster.fail('pods', 'empty page');
    const { claims, problems } = await accessToCluster(cluster, { pageSize: 2 }).source.read();
    expect(problems).toEqual([]);
    expect(claims).toHaveLength(6);
  });

  it('when the server asks to wait, waits as long as it says', async () => {
    cluster.fail('pods', 'throttled');
    const { source, waits } = accessToCluster(cluster);
    await source.read();
    expect(waits).toEqual([1_000, 1_000, 1_000]);
  });

  it('when the server is broken, waits longer each time', async () => {
    cluster.fail('pods', 'broken');
    const { source, waits } = accessToCluster(cluster);
    await source.read();
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  });

  it('when the server is broken for a moment, is read', async () => {
    cluster.fail('pods', 'broken');
    const { source } = accessToCluster(cluster, { pause: async () => cluster.fail('pods') });
    expect((await source.read()).problems).toEqual([]);
  });
});
