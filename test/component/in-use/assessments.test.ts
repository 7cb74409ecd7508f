import { describe, expect, it } from '@jest/globals';
import type { FindingKind } from '../../../src/findings/kind.ts';
import { claimed, type InUseApp, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { policyOf } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const one = digestOf('one');
const two = digestOf('two');
const pulled = (digest: string) => ({ pulled: `${usedRegistry}/team/app@${digest}` });
const ofKind = async (app: InUseApp, kind: FindingKind) =>
  (await app.open()).filter((found) => found.kind === kind);

async function running(...claims: Parameters<InUseApp['report']>[1]): Promise<InUseApp> {
  const app = inUseApp();
  await app.push('team/app', 'prod', one);
  await app.push('team/app', '2.0', two);
  await app.report('aks-prod', claims);
  await app.report('compose', []);
  await app.settle();
  return app;
}

describe('when what a workload names is not in the registry', () => {
  it('it is found without any event, by the registry’s own answer', async () => {
    const app = await running(claimed(`team/app@${one}`, 'web'));
    expect(await ofKind(app, 'MissingImage')).toEqual([]);
    // History was never told.
    app.registry.repository('team/app').deleteManifest(one);
    const gone = digestOf('never pushed');
    await app.report('aks-prod', [claimed(`team/app@${gone}`, 'web'), claimed('team/app:9.9', 'worker')]);
    await app.settle();
    const found = await ofKind(app, 'MissingImage');
    expect(found.map(({ subject, severity }) => [subject.digest ?? subject.tag, severity]).sort()).toEqual(
      [
        [gone, 'critical'],
        ['9.9', 'critical'],
      ].sort(),
    );
  });

  it('it is not said of what history has not heard of and the registry has', async () => {
    const app = inUseApp();
    app.registry.repository('team/app').push('1.0', one, app.clock.time);
    await app.report('aks-prod', [claimed('team/app:1.0', 'web'), claimed(`team/app@${one}`, 'api')]);
    await app.settle();
    expect(await ofKind(app, 'MissingImage')).toEqual([]);
  });

  it('a running digest whose tag has moved on is missing too, and less pressing', async () => {
    const app = await running(claimed('team/app:2.0', 'web', pulled(digestOf('lost'))));
    expect(await ofKind(app, 'MissingImage')).toMatchObject([
      { severity: 'high', subject: { digest: digestOf('lost') } },
    ]);
  });

  it('nothing is said, and nothing settled, while the registry cannot be asked', async () => {
    const app = await running(claimed('team/app:9.9', 'web'));
    expect(await ofKind(app, 'MissingImage')).toHaveLength(1);
    app.registry.faults.fail = () => new Error('away') as never;
    await expect(app.useCases().assess({ registry: usedRegistry, repository: 'team/app' })).rejects.toThrow(
      'away',
    );
    expect(await ofKind(app, 'MissingImage')).toHaveLength(1);
  });

  it('a manifest that an index in use lists is found missing', async () => {
    const app = inUseApp();
    const [index, child] = [digestOf('index'), digestOf('child')];
    await app.push('team/app', '1.0', index);
    const links = [`i|${index}|${child}`, `c|${child}|${index}`];
    for (const rowKey of links) {
      await app.tables.repositories.put({ partitionKey: `${usedRegistry}|team:app`, rowKey, columns: {} });
    }
    await app.report('aks-prod', [claimed('team/app:1.0', 'web', pulled(index))]);
    await app.settle();
    expect(await ofKind(app, 'MissingIndexChild')).toMatchObject([
      { severity: 'critical', subject: { digest: index }, detail: { children: [child] } },
    ]);
  });
});

describe('when a tag moves away from what runs', () => {
  it('the drift is found, and is over when the workload follows', async () => {
    const app = await running(claimed('team/app:prod', 'web', pulled(one)));
    expect(await ofKind(app, 'TagDrift')).toEqual([]);
    await app.push('team/app', 'prod', two);
    await app.settle();
    expect(await ofKind(app, 'TagDrift')).toMatchObject([
      {
        severity: 'high',
        subject: { tag: 'prod' },
        detail: { runningDigests: [one], tagDigest: two, tagDigestApproved: false, certainty: 'exact' },
      },
    ]);
    await app.report('aks-prod', [claimed('team/app:prod', 'web', pulled(two))]);
    await app.settle();
    expect(await ofKind(app, 'TagDrift')).toEqual([]);
  });

  it('to what is approved for its environment, it matters less', async () => {
    const app = await running(claimed('team/app:prod', 'web', pulled(one)));
    await app.approve('team/app:2.0');
    await app.push('team/app', 'prod', two);
    await app.settle();
    expect(await ofKind(app, 'TagDrift')).toMatchObject([
      { severity: 'medium', detail: { tagDigestApproved: true } },
    ]);
  });

  it('and the platform knows only the tag, it may have drifted', async () => {
    const app = await running(claimed('team/app:prod', 'api', { since: Date.UTC(2026, 4, 2, 14) }));
    await app.push('team/app', 'prod', two);
    await app.settle();
    expect(await ofKind(app, 'TagDrift')).toMatchObject([
      { detail: { certainty: 'inferred', runningDigests: [one] } },
    ]);
  });

  it('and what runs is pinned, nothing is said', async () => {
    const app = await running(claimed(`team/app:prod@${one}`, 'web', pulled(one)));
    await app.push('team/app', 'prod', two);
    await app.settle();
    expect(await ofKind(app, 'TagDrift')).toEqual([]);
  });
});

describe('when references can move', () => {
  it('`latest` anywhere and tags in protected environments are found, immutable and locked ones are not', async () => {
    const rule = { repositories: 'team/app', tags: 'v[0-9]+', matches: ['v1'], mustNotMatch: ['dev'] };
    const app = inUseApp({ policy: policyOf({ immutableTags: [rule] }) });
    for (const tag of ['prod', 'v1', 'locked', 'latest']) await app.push('team/app', tag, one);
    for (const tag of ['dev', 'latest']) await app.push('other/tool', tag, two);
    await app.approve('team/app:locked');
    await app.report('aks-prod', [
      ...['prod', 'v1', 'locked', 'latest'].map((tag) => claimed(`team/app:${tag}`, tag, pulled(one))),
      claimed('other/tool:dev', 'dev'),
      claimed('other/tool', 'latest'),
    ]);
    await app.settle();
    const found = (await ofKind(app, 'MutableReference')).map(
      ({ subject }) => `${subject.repository}:${subject.tag}`,
    );
    expect(found.sort()).toEqual(['other/tool:latest', 'team/app:latest', 'team/app:prod']);
  });
});

describe('when a digest runs that was not approved', () => {
  it('for its environment, it is found until it is', async () => {
    const app = await running(claimed(`team/app@${one}`, 'web', pulled(one)));
    expect(await ofKind(app, 'UnapprovedDigestRunning')).toMatchObject([
      { subject: { digest: one }, detail: { environment: 'production' } },
    ]);
    await app.approve('team/app:prod');
    await app.useCases().assess({ registry: usedRegistry, repository: 'team/app' });
    expect(await ofKind(app, 'UnapprovedDigestRunning')).toEqual([]);
  });

  it('in an environment without rules, nothing is said', async () => {
    const app = inUseApp();
    await app.push('other/tool', '1', one);
    await app.report('aks-prod', [claimed(`other/tool@${one}`, 'web')]);
    await app.settle();
    expect(await ofKind(app, 'UnapprovedDigestRunning')).toEqual([]);
  });
});

describe('when replicas run different digests', () => {
  const replicas = [
    claimed('team/app:prod', 'web', pulled(one)),
    claimed('team/app:prod', 'web', pulled(two)),
  ];

  it('it is a rollout at first, and skew when it lasts', async () => {
    const app = await running(...replicas);
    expect(await ofKind(app, 'ReplicaSkew')).toEqual([]);
    app.wait(20);
    // Nothing is pushed and nothing begins: only time has passed.
    await app.report('aks-prod', replicas);
    await app.useCases().assessClaimed();
    await app.settle();
    expect(await ofKind(app, 'ReplicaSkew')).toMatchObject([
      {
        subject: { repository: 'team/app' },
        detail: { workload: 'aks-prod Deployment shop/web container app', digests: [one, two].sort() },
      },
    ]);
  });

  it('that are manifests of one index, as nodes of two platforms report, there is none', async () => {
    const app = inUseApp();
    const index = digestOf('index');
    await app.push('team/app', 'prod', index);
    for (const child of [one, two]) {
      await app.push('team/app', undefined, child);
      for (const rowKey of [`i|${index}|${child}`, `c|${child}|${index}`]) {
        await app.tables.repositories.put({ partitionKey: `${usedRegistry}|team:app`, rowKey, columns: {} });
      }
    }
    await app.report('aks-prod', replicas);
    app.wait(20);
    await app.useCases().assess({ registry: usedRegistry, repository: 'team/app' });
    expect(await ofKind(app, 'ReplicaSkew')).toEqual([]);
    expect(await ofKind(app, 'TagDrift')).toEqual([]);
  });
});
