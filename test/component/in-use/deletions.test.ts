import { describe, expect, it } from '@jest/globals';
import { findingOf } from '../../../src/findings/finding.ts';
import { epoch, fact } from '../../builders/facts.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two, index, child] = ['one', 'two', 'index', 'child'].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];
const pinned = (digest: string) => `team/app@${digest}`;

/** An app in which both sources have reported completely. */
async function covered(...claims: Parameters<ReturnType<typeof inUseApp>['report']>[1]) {
  const app = inUseApp();
  await app.push('team/app', '1.0', one);
  await app.push('team/app', '2.0', two);
  app.wait(60);
  await app.report('aks-prod', claims);
  await app.report('compose', []);
  await app.settle();
  return app;
}

/** How many findings of deletions are open. */
async function openOf(app: ReturnType<typeof inUseApp>) {
  const rows = app.tables.findings.rows().filter(({ rowKey }) => rowKey.startsWith('o|'));
  const kinds = rows
    .map(({ columns }) => String(columns['kind']))
    .filter((kind) => kind.startsWith('Deleted'));
  return Object.fromEntries(
    [...Map.groupBy(kinds, (kind) => kind)].map(([kind, some]) => [kind, some.length] as const),
  );
}

describe('when a digest is deleted', () => {
  it('that a pod runs, a critical finding names the workload, who deleted it and the way back', async () => {
    const app = await covered(claimed(pinned(one), 'web', { pulled: `${usedRegistry}/${pinned(one)}` }));
    const { fact } = await app.remove('team/app', one);
    const [finding, ...others] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'critical',
      subject: { registry: usedRegistry, repository: 'team/app', digest: one },
      detail: {
        workloads: ['aks-prod Deployment shop/web container app (running, exact)'],
        environments: ['production'],
        deletedAt: fact.at.time,
        deletedBy: 'somebody',
        certainty: 'exact',
        wayBack: [expect.stringContaining('push the same manifest')],
      },
    });
    await app.settle();
    expect(app.alerts).toContainEqual(
      expect.objectContaining({ change: 'opened', finding: expect.objectContaining({ id: finding?.id }) }),
    );
  });

  it('that nothing uses, the verdict is recorded and nobody is alerted', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    const before = app.alerts.length;
    const { fact } = await app.remove('team/app', two);
    await app.settle();
    expect((await app.open()).filter(({ kind }) => kind.startsWith('Deleted'))).toEqual([]);
    expect(app.alerts.length).toBe(before);
    expect(app.statements().at(-1)).toMatchObject({
      kind: 'deletion-judged',
      content: { digest: two, record: fact.at.id, answer: 'unused', workloadCount: 0 },
    });
  });

  it('that only a revision to roll back to needs, the finding is high', async () => {
    const app = await covered(claimed(pinned(one), 'web', { state: 'rollback', revision: '3' }));
    await app.remove('team/app', one);
    expect(await app.open()).toContainEqual(
      expect.objectContaining({ kind: 'DeletedDigestInUse', severity: 'high' }),
    );
  });

  it('that is listed by an index in use, the workloads of the index are named', async () => {
    const app = inUseApp();
    await app.push('team/app', '1.0', index);
    await app.push('team/app', undefined, child);
    // As a comparison describes it.
    await app.tables.repositories.put({
      partitionKey: `${usedRegistry}|team:app`,
      rowKey: `c|${child}|${index}`,
      columns: {},
    });
    await app.report('aks-prod', [claimed('team/app:1.0', 'web', { pulled: `x@${index}` })]);
    await app.report('compose', []);
    await app.remove('team/app', child);
    expect(await app.open()).toContainEqual(
      expect.objectContaining({
        kind: 'DeletedDigestInUse',
        severity: 'critical',
        subject: expect.objectContaining({ digest: child }),
        detail: expect.objectContaining({ workloadCount: 1 }),
      }),
    );
  });

  it('that its tag held since a revision was created, the use is inferred; what it held before is not', async () => {
    const app = inUseApp();
    const three = digestOf('three');
    await app.push('team/app', 'prod', one);
    app.wait(60);
    await app.push('team/app', 'prod', two);
    app.wait(60);
    const since = app.clock.time;
    app.wait(60);
    await app.push('team/app', 'prod', three);
    await app.report('aks-prod', [claimed('team/app:prod', 'api', { kind: 'ContainerApp', since })]);
    await app.report('compose', []);
    await app.remove('team/app', one);
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toEqual([]);
    await app.remove('team/app', two);
    await app.remove('team/app', three);
    const found = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    expect(found.map(({ subject }) => subject.digest).sort()).toEqual([two, three].sort());
    expect(found[0]?.detail).toMatchObject({ certainty: 'inferred' });
  });

  it('with clocks ten minutes apart, what the tag held until just before the revision counts', async () => {
    const app = inUseApp();
    await app.push('team/app', 'prod', one);
    app.wait(60);
    const moved = app.clock.time;
    await app.push('team/app', 'prod', two);
    app.wait(60);
    // The platform's clock is ahead by ten minutes: by the registry's, the revision was there before the move.
    await app.report('aks-prod', [claimed('team/app:prod', 'api', { since: moved + 9 * 60_000 })]);
    await app.report('compose', []);
    await app.remove('team/app', one);
    expect(await app.open()).toContainEqual(expect.objectContaining({ kind: 'DeletedDigestInUse' }));
  });

  it('while a source is silent, its use is unknown; once it has reported, it is judged again', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    app.wait(40);
    app.silence('aks-prod');
    await app.remove('team/app', two);
    expect(await app.open()).toContainEqual(
      expect.objectContaining({
        kind: 'DeletedDigestUseUnknown',
        severity: 'high',
        detail: expect.objectContaining({ sources: ['aks-prod'] }),
      }),
    );
    await app.settle();
    expect((await app.open()).map(({ kind }) => kind)).toContain('DeletedDigestUseUnknown');
    await app.report('aks-prod', [claimed(pinned(one), 'web'), claimed(pinned(two), 'worker')]);
    await app.settle();
    const kinds = (await app.open()).map(({ kind }) => kind);
    expect(kinds).toContain('DeletedDigestInUse');
    expect(kinds).not.toContain('DeletedDigestUseUnknown');
    expect(app.statements().at(-1)?.kind).toMatch(/^(finding|deletion)-/);
  });

  it('with more others than are read at once, none is settled without having been judged', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    const deletedAt = app.clock.now();
    const others = Array.from({ length: 1_001 }, (_, index) =>
      findingOf(
        'DeletedDigestUseUnknown',
        { registry: usedRegistry, repository: 'team/app', digest: digestOf(`n${index}`) },
        { deletedAt },
      ),
    );
    await app.findings.raise(usedRegistry, others, app.clock.now());
    app.wait(40);
    await app.useCases().assess({ registry: usedRegistry, repository: 'team/app' });
    expect(await openOf(app)).toEqual({ DeletedDigestUseUnknown: 1_001 });
  });

  it('a fresh look confirms the use, and withdraws the finding when the workload is gone', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    await app.remove('team/app', one);
    expect(app.waiting).toContainEqual({ refresh: 'aks-prod' });
    await app.settle();
    const [confirmed] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    expect(confirmed?.detail['confirmedAt']).toBeGreaterThan(
      confirmed?.firstSeen ?? Number.POSITIVE_INFINITY,
    );
    app.wait(5);
    await app.report('aks-prod', []);
    await app.settle();
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toEqual([]);
    expect(app.alerts.map(({ change }) => change)).toContain('resolved');
  });

  it('and a source that used it falls silent, the finding stays', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    await app.remove('team/app', one);
    await app.report('aks-prod', [], [{ where: 'pods', problem: 'was refused with 403' }]);
    await app.settle();
    expect((await app.open()).map(({ kind }) => kind)).toContain('DeletedDigestInUse');
  });

  it('and pushed again, the finding is over', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    await app.remove('team/app', one);
    await app.settle();
    app.wait(5);
    await app.push('team/app', '1.0', one);
    await app.settle();
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toEqual([]);
  });

  it('and the event comes again after that, nothing is opened', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    const deletion = await app.remove('team/app', one);
    await app.settle();
    app.wait(5);
    await app.push('team/app', '1.0', one);
    await app.settle();
    app.wait(5);
    await app.onRecorded(deletion);
    await app.settle();
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toEqual([]);
  });

  it('and the event comes again after the finding was resolved by hand, it is not opened again by that', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    const deletion = await app.remove('team/app', one);
    const [finding] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    const by = { id: 'analyst', name: 'analyst' };
    app.wait(1);
    await app.findings.change(
      usedRegistry,
      finding?.id ?? '',
      { event: 'resolve', reason: 'known' },
      by,
      app.clock.now(),
    );
    app.wait(1);
    await app.record(deletion);
    expect((await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse')).toEqual([]);
  });

  it('and that is told late, after it was pushed again, it is not judged: it is there', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    app.wait(5);
    const between = fact('told late', (app.clock.time - epoch) / 60_000, { action: 'delete', digest: one });
    app.wait(5);
    await app.push('team/app', '1.0', one);
    await app.settle();
    app.wait(5);
    await app.record({ registry: usedRegistry, repository: 'team/app', fact: between });
    expect(await openOf(app)).toEqual({});
    expect(app.waiting).toEqual([]);
    expect(app.statements().filter(({ kind }) => kind === 'deletion-judged')).toEqual([]);
    // The next, told in time, is judged as any.
    await app.remove('team/app', one);
    expect(await openOf(app)).toEqual({ DeletedDigestInUse: 1 });
  });

  it('where no source is configured, the verdict says that it is not known, and nobody is alerted', async () => {
    const app = inUseApp({ sources: [] });
    await app.push('team/app', '1.0', one);
    await app.remove('team/app', one);
    expect(await app.open()).toEqual([]);
    expect(app.statements()).toContainEqual(
      expect.objectContaining({
        kind: 'deletion-judged',
        content: expect.objectContaining({ answer: 'unknown' }),
      }),
    );
  });

  it('that soft delete keeps, or that is elsewhere too, the way back says so', async () => {
    const app = inUseApp({ isRestorable: true });
    await app.push('team/app', '1.0', one);
    await app.push('mirror/app', '1.0', one);
    await app.report('aks-prod', [claimed(pinned(one), 'web')]);
    await app.report('compose', []);
    await app.remove('team/app', one);
    const [finding] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    expect(finding?.detail).toMatchObject({
      elsewhere: [`${usedRegistry}/mirror/app@${one}`],
      wayBack: [
        `az acr manifest restore --registry contoso --name team/app --digest ${one}`,
        expect.stringContaining(`--source ${usedRegistry}/mirror/app@${one}`),
        expect.anything(),
      ],
    });
  });
});

describe('when a tag is removed by itself', () => {
  it('whoever names it is told of: a missing image, with its window and the digest to tag again', async () => {
    const app = await covered(claimed('team/app:1.0', 'web', { pulled: `x@${one}` }));
    const notBefore = app.clock.time - 3_600_000;
    await app.untag('team/app', '1.0', one, { notBefore });
    const missing = async () => (await app.open()).filter(({ kind }) => kind === 'MissingImage');
    const [finding] = await missing();
    expect(finding).toMatchObject({
      severity: 'critical',
      subject: { tag: '1.0' },
      detail: { digest: one, notBefore, wayBack: [expect.stringContaining('az acr import')] },
    });
    await app.settle();
    expect((await missing()).map(({ id }) => id)).toEqual([finding?.id]);
    expect((await missing())[0]?.detail).toMatchObject({ digest: one, notBefore });
    app.wait(1);
    await app.push('team/app', '1.0', one);
    await app.settle();
    expect(await missing()).toEqual([]);
  });

  it('and that is told late, after it was pushed again, it is not judged: the tag is there', async () => {
    const app = await covered(claimed('team/app:1.0', 'web', { pulled: `x@${one}` }));
    app.wait(5);
    const between = fact('told late', (app.clock.time - epoch) / 60_000, {
      action: 'untag',
      tag: '1.0',
      digest: one,
      source: 'reconcile',
    });
    app.wait(5);
    await app.push('team/app', '1.0', two);
    await app.settle();
    await app.record({ registry: usedRegistry, repository: 'team/app', fact: between });
    expect((await app.open()).filter(({ kind }) => kind === 'MissingImage')).toEqual([]);
    expect(app.statements().filter(({ kind }) => kind === 'deletion-judged')).toEqual([]);
  });

  it('nothing is said when only digests are named', async () => {
    const app = await covered(claimed(pinned(one), 'web'));
    await app.untag('team/app', '1.0', one);
    await app.settle();
    expect((await app.open()).filter(({ kind }) => kind === 'MissingImage')).toEqual([]);
  });
});
