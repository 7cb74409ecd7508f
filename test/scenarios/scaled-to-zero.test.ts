import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { zeroSubscription } from '../../local/azure/arm-resource.ts';
import type { ArmStandIn } from '../../local/azure/arm-server.ts';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const [kept, newer] = [digestOf('kept'), digestOf('newer')];
const image = `${usedRegistry}/${repository}:kept`;
const after = `${usedRegistry}/${repository}:newer`;
const resources = `${zeroSubscription}/production`;
let app: SurveyedApp;
let cluster: RunningKubernetes;
let arm: ArmStandIn;

beforeEach(async () => {
  app = surveyedApp();
  [cluster, arm] = await Promise.all([app.cluster('aks-prod'), app.azure('azure')]);
  await app.submitNothing('compose');
  await app.push(repository, 'kept', kept);
  await app.push(repository, 'newer', newer);
  app.wait(60);
});
afterEach(() => app.close());

const named = { namespace: 'shop', name: 'web' };
const containers = [{ name: 'app', image }];
const newerContainers = [{ name: 'app', image: after }];
const podTemplate = (some = containers) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: some },
});
const jobSpec = { template: { spec: { containers, restartPolicy: 'Never' } } };
/** When a revision was made, as Azure tells it. */
const createdTime = () => new Date(app.clock.time).toISOString();

/** Places where nothing runs, and something would be started again. */
const places: readonly (readonly [what: string, place: () => void, told: string])[] = [
  [
    'a Deployment is scaled to zero',
    () => {
      cluster.deploy({ ...named, image, digest: kept });
      cluster.scale('shop', 'web', 0);
    },
    'aks-prod Deployment shop/web container app (desired, inferred)',
  ],
  [
    'a Deployment can go back to its earlier revision',
    () => {
      cluster.deploy({ ...named, image, digest: kept });
      cluster.deploy({ ...named, image: after, digest: newer });
    },
    'aks-prod Deployment shop/web container app (rollback, inferred)',
  ],
  [
    'a StatefulSet is scaled to zero',
    () => cluster.put('statefulsets', { metadata: named, spec: { replicas: 0, template: podTemplate() } }),
    'aks-prod StatefulSet shop/web container app (desired, inferred)',
  ],
  [
    'a DaemonSet has no node to run on',
    () =>
      cluster.put('daemonsets', {
        metadata: named,
        spec: { template: podTemplate() },
        status: { desiredNumberScheduled: 0 },
      }),
    'aks-prod DaemonSet shop/web container app (desired, inferred)',
  ],
  [
    'a CronJob is suspended',
    () =>
      cluster.put('cronjobs', {
        metadata: named,
        spec: { suspend: true, schedule: '0 3 * * *', jobTemplate: { spec: jobSpec } },
      }),
    'aks-prod CronJob shop/web container app (desired, inferred)',
  ],
  [
    'a Job is suspended',
    () => cluster.put('jobs', { metadata: named, spec: { suspend: true, ...jobSpec } }),
    'aks-prod Job shop/web container app (desired, inferred)',
  ],
  [
    'a container app has an inactive revision',
    () =>
      arm.addContainerApp({
        name: 'orders',
        containers: newerContainers,
        revisions: [
          {
            name: 'orders--1',
            active: false,
            replicas: 0,
            trafficWeight: 0,
            containers,
            createdTime: createdTime(),
          },
          { name: 'orders--2', active: true, replicas: 1, trafficWeight: 100, createdTime: createdTime() },
        ],
      }),
    `azure ContainerApp ${resources}/orders container app (rollback, inferred)`,
  ],
  [
    'a container app is scaled to zero',
    () =>
      arm.addContainerApp({
        name: 'orders',
        containers,
        revisions: [
          { name: 'orders--1', active: true, replicas: 0, trafficWeight: 100, createdTime: createdTime() },
        ],
      }),
    `azure ContainerApp ${resources}/orders container app (desired, inferred)`,
  ],
  [
    'a container app is stopped',
    () =>
      arm.addContainerApp({
        name: 'orders',
        containers,
        runningStatus: 'Stopped',
        revisions: [{ name: 'orders--1', active: true, trafficWeight: 100, createdTime: createdTime() }],
      }),
    `azure ContainerApp ${resources}/orders container app (desired, inferred)`,
  ],
  [
    'a job of Container Apps has no execution under way',
    () =>
      arm.addJob({
        name: 'report',
        containers,
        executions: [{ name: 'report-1', status: 'Succeeded', startTime: createdTime() }],
      }),
    `azure ContainerAppsJob ${resources}/report container app (desired, inferred)`,
  ],
  [
    'a session pool has no session',
    () => arm.addSessionPool({ name: 'sandbox', containers }),
    `azure SessionPool ${resources}/sandbox container app (desired, inferred)`,
  ],
  [
    'a container group is stopped',
    () => arm.addContainerGroup({ name: 'batch', containers, state: 'Stopped' }),
    `azure ContainerGroup ${resources}/batch container app (desired, inferred)`,
  ],
  [
    'a container group is still to be made from a profile',
    () => arm.addContainerGroup({ name: 'batch', containers, isProfile: true }),
    `azure ContainerGroupProfile ${resources}/batch container app (desired, inferred)`,
  ],
  [
    'a web app is stopped',
    () => arm.addSite({ name: 'shop', linuxFxVersion: `DOCKER|${image}`, state: 'Stopped' }),
    `azure WebApp ${resources}/shop (desired, inferred)`,
  ],
];

describe('F19: when an image is deleted that nothing runs, and that is needed to start again', () => {
  it.each(places)('%s: it is found, by its state', async (_, place, told) => {
    place();
    app.wait(5);
    await app.survey();
    await app.remove(repository, kept);
    await app.settle();
    const severity = told.includes('rollback') ? 'high' : 'critical';
    expect(await app.gone()).toMatchObject([
      {
        kind: 'DeletedDigestInUse',
        severity,
        subject: { repository, digest: kept },
        detail: { workloads: [told], workloadCount: 1, environments: ['production'] },
      },
    ]);
  });

  it('the most pressing of its uses says how much it matters', async () => {
    cluster.deploy({ ...named, image });
    cluster.deploy({ ...named, image: after, digest: newer });
    await app.survey();
    await app.remove(repository, kept);
    await app.settle();
    const severities = async () => (await app.gone()).map(({ severity }) => severity);
    expect(await severities()).toEqual(['high']);
    // Something else is begun with it.
    arm.addContainerGroup({ name: 'batch', containers, state: 'Stopped' });
    app.wait(5);
    await app.survey();
    expect(await severities()).toEqual(['critical']);
    expect(await app.gone()).toMatchObject([
      { detail: { states: ['desired', 'rollback'], workloadCount: 2 } },
    ]);
  });

  it('it is over when what would start it is gone for good', async () => {
    cluster.deploy({ ...named, image, digest: kept });
    cluster.scale('shop', 'web', 0);
    await app.survey();
    await app.remove(repository, kept);
    await app.settle();
    expect(await app.gone()).toHaveLength(1);
    cluster.undeploy('shop', 'web');
    app.wait(5);
    await app.survey();
    expect(await app.gone()).toEqual([]);
  });

  it('what none of them would start is unused', async () => {
    for (const [, place] of places.filter(([what]) => !what.startsWith('a Deployment'))) place();
    const other = digestOf('other');
    await app.push(repository, 'other', other);
    await app.survey();
    await app.remove(repository, other);
    await app.settle();
    expect(await app.gone()).toEqual([]);
    expect(app.statements(repository).at(-1)).toMatchObject({
      kind: 'deletion-judged',
      content: { digest: other, answer: 'unused' },
    });
  });
});
