import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { sourcesOf, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const image = `${usedRegistry}/${repository}`;
const [held, newer] = [digestOf('held'), digestOf('newer')];
let app: SurveyedApp;
let cluster: RunningKubernetes;

beforeEach(async () => {
  app = surveyedApp({
    sources: sourcesOf({
      name: 'aks-prod',
      type: 'kubernetes',
      kubeconfig: 'prod',
      environment: 'production',
    }),
  });
  cluster = await app.cluster('aks-prod');
  await app.push(repository, '1.0', held);
  await app.push(repository, '2.0', newer);
});
afterEach(() => app.close());

/** Compares, has the tag vanish some time in the next hour, and compares again: the window between the two. */
async function vanished(tag = '1.0') {
  app.wait(60);
  const notBefore = app.clock.time;
  await app.compare(repository);
  app.wait(20);
  const heldAt = app.clock.time;
  app.registry.repository(repository).untag(tag);
  app.wait(40);
  await app.survey();
  const found = await app.compare(repository, notBefore);
  return { notBefore, heldAt, found, until: app.clock.time };
}

const missing = async () => (await app.gone()).filter(({ kind }) => kind === 'MissingImage');

/** The judgements that were recorded of the tag, oldest first. */
function verdicts() {
  return app
    .statements(repository)
    .filter(({ kind, content }) => kind === 'deletion-judged' && content['tag'] === '1.0')
    .map(({ content }) => content);
}

describe('F15: when a tag vanishes and no event tells of it', () => {
  it('a comparison tells so, and in which window, and who names the tag is found', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: held });
    await app.survey();
    const { notBefore, heldAt, found, until } = await vanished();
    expect(found).toMatchObject({ untags: 1, deletions: 0 });
    const [finding, ...others] = await missing();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'critical',
      subject: { registry: usedRegistry, repository, tag: '1.0' },
      detail: {
        digest: held,
        notBefore,
        workloadCount: 1,
        wayBack: [`az acr import --name contoso --source ${image}@${held} --image ${repository}:1.0`],
      },
    });
    const untaggedAt = Number(finding?.detail['untaggedAt']);
    expect(untaggedAt).toBeGreaterThan(heldAt);
    expect(untaggedAt).toBeLessThanOrEqual(until);
    expect(verdicts()).toMatchObject([{ answer: 'used', state: 'running', notBefore, workloadCount: 1 }]);
  });

  it('it is told once, however often it is compared and looked at, until it is tagged again', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: held });
    await app.survey();
    const { notBefore } = await vanished();
    const [first] = await missing();
    for (let round = 0; round < 3; round += 1) {
      app.wait(60);
      expect(await app.compare(repository, app.clock.time)).toMatchObject({ untags: 0 });
      await app.useCases().assessClaimed();
      await app.survey();
    }
    expect(await missing()).toMatchObject([{ id: first?.id, detail: { notBefore, digest: held } }]);
    expect(verdicts()).toHaveLength(1);
    expect(
      app.alerts.filter(({ finding, change }) => finding.id === first?.id && change === 'opened'),
    ).toHaveLength(1);

    app.registry.repository(repository).push('1.0', held, app.clock.time);
    app.wait(60);
    await app.compare(repository, app.clock.time);
    expect(await missing()).toEqual([]);
  });

  it('a workload that does not run and would start by it is found', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, replicas: 0 });
    await app.survey();
    await vanished();
    expect(await missing()).toMatchObject([{ severity: 'critical', detail: { states: ['desired'] } }]);
    expect(verdicts()).toMatchObject([{ answer: 'used', state: 'desired' }]);
  });

  it('a workload that is pinned beside the tag does not need it', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0@${held}`, digest: held });
    await app.survey();
    await vanished();
    expect(await app.gone()).toEqual([]);
    expect(verdicts()).toMatchObject([{ answer: 'unused', workloadCount: 0 }]);
  });

  it('and nobody names it, the verdict is quiet', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:2.0`, digest: newer });
    await app.survey();
    await vanished();
    expect(await app.gone()).toEqual([]);
    expect(verdicts()).toMatchObject([{ answer: 'unused', workloadCount: 0 }]);
  });

  it('while the cluster cannot be read, the tag is not said to be unused, and found once the cluster tells', async () => {
    await app.survey();
    cluster.fail('pods', 'forbidden');
    cluster.put('pods', {
      metadata: { namespace: 'shop', name: 'web' },
      spec: { containers: [{ name: 'app', image: `${image}:1.0` }] },
      status: { phase: 'Running' },
    });
    await app.survey();
    const { notBefore } = await vanished();
    expect(verdicts()).toMatchObject([{ answer: 'unknown', inDoubt: ['aks-prod'] }]);
    cluster.fail('pods');
    await app.survey();
    expect(await missing()).toMatchObject([
      { severity: 'critical', subject: { tag: '1.0' }, detail: { digest: held, notBefore } },
    ]);
  });

  it('with its manifest, one deletion is told, and not a tag that is missing beside it', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: held });
    await app.survey();
    app.wait(60);
    const notBefore = app.clock.time;
    await app.compare(repository);
    app.registry.repository(repository).deleteManifest(held);
    app.wait(60);
    expect(await app.compare(repository, notBefore)).toMatchObject({ untags: 0, deletions: 1 });
    expect(await app.gone()).toMatchObject([
      { kind: 'DeletedDigestInUse', subject: { digest: held }, detail: { notBefore } },
    ]);
  });

  it('and moved to another image unseen, nothing is missing: it has drifted', async () => {
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: held });
    await app.survey();
    app.wait(60);
    const before = app.clock.time;
    await app.compare(repository);
    app.registry.repository(repository).push('1.0', newer, app.clock.time);
    app.wait(60);
    expect(await app.compare(repository, before)).toMatchObject({ untags: 0, pushes: 1 });
    expect(await app.gone()).toEqual([]);
    expect(await app.open()).toContainEqual(
      expect.objectContaining({ kind: 'TagDrift', subject: expect.objectContaining({ tag: '1.0' }) }),
    );
  });
});
