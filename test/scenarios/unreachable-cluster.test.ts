import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { zeroSubscription } from '../../local/azure/arm-resource.ts';
import type { ListFault } from '../../local/kubernetes/faults.ts';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { sourcesOf, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const [used, begun, idle] = ['used', 'begun', 'idle'].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const nameOf = new Map([
  [used, 'used'],
  [begun, 'begun'],
  [idle, 'idle'],
]);
const sidecar = digestOf('sidecar');
const clusters = { west: 'aks-west', east: 'aks-east' };
let app: SurveyedApp;

beforeEach(async () => {
  const of = { type: 'kubernetes', environment: 'production' };
  app = surveyedApp({
    sources: sourcesOf(
      { ...of, name: clusters.west, kubeconfig: 'west' },
      { ...of, name: clusters.east, kubeconfig: 'east' },
    ),
  });
  for (const digest of nameOf.keys()) await app.push(repository, undefined, digest);
  await app.push('sidecar', undefined, sidecar);
});
afterEach(() => app.close());

/** A cluster with pods on several pages, that of the image last but one. */
async function west(): Promise<RunningKubernetes> {
  const cluster = await app.cluster(clusters.west, { pageSize: 2 });
  for (const name of ['a', 'b', 'c']) run(cluster, name, `${usedRegistry}/sidecar@${sidecar}`);
  run(cluster, 'web', `${usedRegistry}/${repository}@${used}`);
  return cluster;
}

function run(cluster: RunningKubernetes, name: string, image: string): void {
  cluster.put('pods', {
    metadata: { namespace: 'shop', name },
    spec: { containers: [{ name: 'app', image }] },
    status: { phase: 'Running' },
  });
}

/** What is open of deletions, as `kind image of sources in doubt`. */
async function told(of = app): Promise<readonly string[]> {
  return (await of.gone())
    .map(({ kind, subject, detail }) => {
      const sources = Array.isArray(detail['sources']) ? ` for ${detail['sources'].join()}` : '';
      return `${kind} ${subject.digest === undefined ? '-' : nameOf.get(subject.digest)}${sources}`;
    })
    .sort();
}

/** What was recorded of the use of a deleted image, in turn. */
function verdictsOn(digest: string): readonly unknown[] {
  return app
    .statements(repository)
    .filter(({ kind, content }) => kind === 'deletion-judged' && content['digest'] === digest)
    .map(({ content }) => content['answer']);
}

async function uses() {
  const { uses, coverage } = await app
    .useCases()
    .uses.of({ registry: usedRegistry, repository }, [...nameOf.keys()]);
  return { ...coverage, uses: [...uses.values()] };
}

/** Deletes everything, without anybody having looked at what the cluster began to run. */
async function deleteAll(): Promise<void> {
  for (const digest of nameOf.keys()) await app.remove(repository, digest);
  await app.settle();
}

const inDoubt = [
  'DeletedDigestInUse used',
  `DeletedDigestUseUnknown begun for ${clusters.west}`,
  `DeletedDigestUseUnknown idle for ${clusters.west}`,
];
const whole = ['DeletedDigestInUse begun', 'DeletedDigestInUse used'];

describe('F7: when one of two clusters cannot be read', () => {
  it.each<ListFault>([
    'unauthorized',
    'forbidden',
    'missing',
    'throttled',
    'broken',
    'cut off',
    'hung up',
    'half-read',
    'always expired',
    'endless',
    'not JSON',
    'another list',
  ])(
    'as its list of pods fails (%s), nothing it may use is unused, until it is read whole',
    async (fault) => {
      const cluster = await west();
      await app.cluster(clusters.east);
      await app.survey();
      expect(await uses()).toEqual({ complete: true, fresh: true, uses: ['used', 'unused', 'unused'] });

      app.wait(10);
      cluster.fail('pods', fault);
      run(cluster, 'worker', `${usedRegistry}/${repository}@${begun}`);
      await app.survey();
      expect(await uses()).toEqual({ complete: false, fresh: false, uses: ['used', 'unknown', 'unknown'] });
      await deleteAll();
      expect(await told()).toEqual(inDoubt);
      expect(await app.estate()).toMatchObject([
        { kind: 'SourceStale', detail: { source: clusters.west, condition: 'incomplete' } },
      ]);

      // Another look that fails alike brings nothing new.
      app.wait(30);
      await app.survey();
      expect(await told()).toEqual(inDoubt);

      app.wait(10);
      cluster.fail('pods');
      await app.survey();
      expect(await told()).toEqual(whole);
      expect(await app.estate()).toEqual([]);
      expect(verdictsOn(idle)).toEqual(['unknown', 'unused']);
      const resolved = await app.listed(usedRegistry, ['resolved']);
      expect(resolved.map(({ kind }) => kind)).toEqual([
        'DeletedDigestUseUnknown',
        'DeletedDigestUseUnknown',
      ]);
    },
  );

  it('as it is down, nothing it may use is unused, until it is up again', async () => {
    await app.cluster(clusters.east);
    const cluster = await west();
    await app.survey();
    await cluster.close();
    app.wait(10);
    await app.survey();
    expect(await uses()).toEqual({ complete: false, fresh: false, uses: ['used', 'unknown', 'unknown'] });
    await deleteAll();
    expect(await told()).toEqual(inDoubt);

    const again = await west();
    run(again, 'worker', `${usedRegistry}/${repository}@${begun}`);
    app.wait(10);
    await app.survey();
    expect(await told()).toEqual(whole);
  });

  it('as only its list of CronJobs is refused, what it runs is told and what it may start is in doubt', async () => {
    const cluster = await west();
    await app.cluster(clusters.east);
    cluster.fail('cronjobs', 'forbidden');
    await app.survey();
    expect(await uses()).toEqual({ complete: false, fresh: false, uses: ['used', 'unknown', 'unknown'] });
    await deleteAll();
    expect(await told()).toEqual(inDoubt);
  });

  it('as it never could be, nothing is unused', async () => {
    const cluster = await west();
    await app.cluster(clusters.east);
    for (const list of ['pods', 'deployments'] as const) cluster.fail(list, 'forbidden');
    await app.survey();
    expect((await uses()).uses).toEqual(['unknown', 'unknown', 'unknown']);
    await deleteAll();
    expect(await told()).toEqual(
      ['begun', 'idle', 'used'].map((name) => `DeletedDigestUseUnknown ${name} for ${clusters.west}`),
    );
  });

  it('as nobody looked at it for too long, nothing is unused', async () => {
    await west();
    const east = await app.cluster(clusters.east);
    await app.survey();
    app.wait(24 * 60);
    await app.useCases().refresh(clusters.east);
    expect(await uses()).toEqual({ complete: true, fresh: false, uses: ['used', 'unknown', 'unknown'] });
    expect(east.requests.length).toBeGreaterThan(0);
  });

  it('and what ran there goes on elsewhere, both are named once it can be', async () => {
    const cluster = await west();
    const east = await app.cluster(clusters.east);
    run(east, 'web', `${usedRegistry}/${repository}@${used}`);
    await app.survey();
    cluster.fail('pods', 'half-read');
    await app.survey();
    await app.remove(repository, used);
    await app.settle();
    expect(await app.gone()).toMatchObject([
      {
        kind: 'DeletedDigestInUse',
        detail: {
          workloads: [
            'aks-east Pod shop/web container app (running, exact)',
            'aks-west Pod shop/web container app (running, exact)',
          ],
        },
      },
    ]);
    // Gone from the cluster that can be read, it is still there for all anybody knows.
    east.remove('pods', 'shop', 'web');
    app.wait(10);
    await app.survey();
    expect(await told()).toEqual(['DeletedDigestInUse used']);
    cluster.fail('pods');
    cluster.remove('pods', 'shop', 'web');
    app.wait(10);
    await app.survey();
    expect(await told()).toEqual([]);
  });
});

describe('F7: when a subscription may no longer be read, and is answered for as if nothing were in it', () => {
  it('nothing it may use is unused, until it can be read again', async () => {
    const azure = surveyedApp();
    try {
      const [arm] = await Promise.all([azure.azure('azure'), azure.cluster('aks-prod')]);
      await azure.submitNothing('compose');
      for (const digest of nameOf.keys()) await azure.push(repository, undefined, digest);
      const group = (name: string, digest: string) =>
        arm.addContainerGroup({
          name,
          state: 'Running',
          containers: [{ name: 'app', image: `${usedRegistry}/${repository}@${digest}` }],
        });
      group('web', used);
      await azure.survey();
      arm.addSubscription(zeroSubscription, { isRefused: true });
      group('worker', begun);
      azure.wait(10);
      await azure.survey();
      for (const digest of nameOf.keys()) await azure.remove(repository, digest);
      await azure.settle();
      expect(await told(azure)).toEqual([
        'DeletedDigestInUse used',
        'DeletedDigestUseUnknown begun for azure',
        'DeletedDigestUseUnknown idle for azure',
      ]);
      arm.addSubscription(zeroSubscription);
      azure.wait(10);
      await azure.survey();
      expect(await told(azure)).toEqual(whole);
    } finally {
      await azure.close();
    }
  });
});
