import { describe, expect, it } from '@jest/globals';
import { claimed, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { retentionApp } from '../../builders/retention-app.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];

describe('what decides about a repository', () => {
  it('when workloads need digests and tags, is who, by the surest that is known of each', async () => {
    const app = retentionApp();
    await app.push('team/app', 'prod', one);
    await app.push('team/app', 'prod', two);
    await app.push('team/app', '1.0', three);
    await app.report('compose', []);
    await app.report('aks-prod', [
      claimed('team/app:prod', 'web'),
      claimed(`team/app:prod@${two}`, 'api'),
      claimed('team/app:1.0', 'job', { pulled: `${usedRegistry}/team/app@${three}` }),
    ]);
    const content = await app.content();
    expect(content.uses.get(one)).toEqual({
      isExact: false,
      workloads: ['aks-prod Deployment shop/web container app'],
    });
    expect(content.uses.get(two)).toEqual({
      isExact: true,
      workloads: ['aks-prod Deployment shop/api container app', 'aks-prod Deployment shop/web container app'],
    });
    expect(content.uses.get(three)?.isExact).toBe(true);
    // Who pins a digest needs no tag.
    expect(Object.fromEntries(content.tagUses)).toEqual({
      prod: { isExact: true, workloads: ['aks-prod Deployment shop/web container app'] },
      '1.0': { isExact: true, workloads: ['aks-prod Deployment shop/job container app'] },
    });
    expect(content).toMatchObject({ unclaimed: 'unused', doubts: [] });
  });

  it('when a source is silent, broken or old, doubts which', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    await app.report('aks-prod', [], [{ where: 'pods', problem: 'forbidden' }]);
    expect(await app.content()).toMatchObject({
      unclaimed: 'unknown',
      doubts: [
        { code: 'coverage-incomplete', detail: 'aks-prod (incomplete)' },
        { code: 'coverage-incomplete', detail: 'compose (never)' },
      ],
    });
    await app.idle();
    expect(await app.content()).toMatchObject({ unclaimed: 'unused', doubts: [] });
    app.wait(45);
    expect(await app.content()).toMatchObject({
      unclaimed: 'unknown',
      doubts: [{ code: 'source-stale', detail: 'aks-prod (stale)' }],
    });
  });

  it('when approvals are open, keeps what they approve: the newest of an environment for another reason', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    const first = await app.approve('team/app:1.0');
    await app.push('team/app', '2.0', two);
    const second = await app.approve('team/app:2.0');
    const { kept } = await app.content();
    expect(kept.get(two)).toContainEqual({ code: 'approved', by: second.id });
    expect(kept.get(one)).toContainEqual({ code: 'rollback-window', by: first.id });
    expect(kept.get(one)).not.toContainEqual({ code: 'approved', by: first.id });
  });

  it('when a hold is on the repository, it is held by that', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    expect((await app.content()).heldBy).toBeUndefined();
    const scope = { kind: 'repositories', registry: usedRegistry, pattern: 'team/.*' } as const;
    const hold = await app.hold(
      usedRegistry,
      { scope, reason: 'litigation' },
      { id: 'legal', name: 'legal', roles: [] },
    );
    expect((await app.content()).heldBy).toBe(hold.id);
  });

  it('when it was compared whole, that says since when it is known', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    expect((await app.content()).comparedAt).toBeUndefined();
    const before = app.clock.time;
    await app.compare();
    const { comparedAt = 0, manifests } = await app.content();
    expect(comparedAt).toBe(before + 1);
    expect(manifests).toMatchObject([{ digest: one, isDescribed: true }]);
  });

  it('when soft delete keeps something, that is told where it can be', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    expect('softDeleted' in (await app.content())).toBe(false);
  });

  it('when a state is damaged, it is a fault: nothing may go', async () => {
    const app = retentionApp();
    await app.push('team/app', '1.0', one);
    await app.approve('team/app:1.0');
    const row = app.tables.repositories.rows().find(({ rowKey }) => rowKey.startsWith('a|'));
    if (row === undefined) throw new Error('no approval');
    const { partitionKey, rowKey, columns } = row;
    await app.tables.repositories.put({ partitionKey, rowKey, columns: { ...columns, content: '{}' } });
    await expect(app.content()).rejects.toMatchObject({ name: 'AuditFault', retryable: false });
  });
});
