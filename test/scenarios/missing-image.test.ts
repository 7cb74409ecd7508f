import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sourcesOf, usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const image = `${usedRegistry}/${repository}`;
const lost = digestOf('lost');
const other = digestOf('other');
let app: SurveyedApp;

beforeEach(() => {
  app = surveyedApp({
    sources: sourcesOf({
      name: 'aks-prod',
      type: 'kubernetes',
      kubeconfig: 'prod',
      environment: 'production',
    }),
  });
});
afterEach(() => app.close());

/** What is told of images that are not there, and nothing that tells of a deletion. */
async function missing() {
  const found = await app.gone();
  expect(found.filter(({ kind }) => kind !== 'MissingImage')).toEqual([]);
  return found;
}

/** Has all that is used looked at, as it is from time to time. */
async function assess(): Promise<void> {
  await app.useCases().assessClaimed();
  await app.settle();
}

describe('F14: when the registry does not have what runs, and no event ever told so', () => {
  it('a workload that names the digest is found by itself, until the image is pushed again', async () => {
    const cluster = await app.cluster('aks-prod');
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0@${lost}`, digest: lost });
    await app.survey();
    expect(await missing()).toMatchObject([
      {
        severity: 'critical',
        subject: { registry: usedRegistry, repository, digest: lost },
        detail: {
          workloads: [
            'aks-prod Deployment shop/web container app (running, exact)',
            'aks-prod Deployment shop/web container app (desired, exact)',
          ],
          workloadCount: 1,
          environments: ['production'],
        },
      },
    ]);
    app.wait(5);
    await app.push(repository, '1.0', lost);
    await app.settle();
    expect(await missing()).toEqual([]);
    expect(app.alerts.map(({ change, finding: { kind } }) => `${change} ${kind}`)).toEqual(
      expect.arrayContaining(['opened MissingImage', 'resolved MissingImage']),
    );
  });

  it('it is found though the registry had it when its workload began', async () => {
    const cluster = await app.cluster('aks-prod');
    const held = app.registry.repository(repository);
    held.push('1.0', lost, app.clock.time);
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}@${lost}`, digest: lost });
    await app.survey();
    expect(await missing()).toEqual([]);
    held.deleteManifest(lost);
    app.wait(60);
    await assess();
    expect(await missing()).toMatchObject([{ severity: 'critical', subject: { digest: lost } }]);
    // Back again, of which no event tells either.
    held.push('1.0', lost, app.clock.time);
    app.wait(60);
    await assess();
    expect(await missing()).toEqual([]);
  });

  it('a tag that cannot be pulled again is found, and so is what was pulled by it', async () => {
    const cluster = await app.cluster('aks-prod');
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: lost });
    await app.survey();
    const found = await missing();
    expect(found.map(({ severity, subject: { tag, digest } }) => [severity, tag ?? digest]).sort()).toEqual(
      [
        ['critical', '1.0'],
        ['critical', lost],
      ].sort(),
    );
    await app.push(repository, '1.0', lost);
    await app.settle();
    expect(await missing()).toEqual([]);
  });

  it('it matters less where the tag is there, with another image: the workload would start again', async () => {
    const cluster = await app.cluster('aks-prod');
    await app.push(repository, '1.0', other);
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, digest: lost });
    await app.survey();
    expect(await missing()).toMatchObject([{ severity: 'high', subject: { digest: lost } }]);
  });

  it('a workload that does not run and could not start is found', async () => {
    const cluster = await app.cluster('aks-prod');
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}:1.0`, replicas: 0 });
    await app.survey();
    expect(await missing()).toMatchObject([{ severity: 'critical', subject: { tag: '1.0' } }]);
  });

  it('what history believes to be there is found when it is compared, as a deletion in a window', async () => {
    const cluster = await app.cluster('aks-prod');
    await app.push(repository, '1.0', lost);
    await app.push(repository, '2.0', other);
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}@${lost}`, digest: lost });
    await app.survey();
    app.wait(60);
    const before = app.clock.time;
    await app.compare(repository);
    app.registry.repository(repository).deleteManifest(lost);
    app.wait(60);
    expect(await app.compare(repository, before)).toMatchObject({ deletions: 1, untags: 0 });
    expect(await app.gone()).toMatchObject([
      {
        kind: 'DeletedDigestInUse',
        severity: 'critical',
        subject: { digest: lost },
        detail: { notBefore: before, workloadCount: 1 },
      },
    ]);
  });

  it('nothing is said while the registry cannot be asked, and it is once it can be', async () => {
    const cluster = await app.cluster('aks-prod');
    cluster.deploy({ namespace: 'shop', name: 'web', image: `${image}@${lost}`, digest: lost });
    const away = new Error('away');
    app.registry.faults.fail = () => {
      throw away;
    };
    await expect(app.survey()).rejects.toBe(away);
    expect(await missing()).toEqual([]);
    app.registry.faults.fail = () => undefined;
    await assess();
    expect(await missing()).toHaveLength(1);
  });
});
