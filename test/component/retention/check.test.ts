import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { claimed, usedRegistry } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { day, type RetentionApp, retentionApp } from '../../builders/retention-app.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];
const app = { registry: usedRegistry, repository: 'team/app' };

/** Two tags and an untagged image, all of them old, compared and used by nobody. */
async function old(of: RetentionApp = retentionApp()): Promise<RetentionApp> {
  await of.push('team/app', '1.0', one);
  await of.push('team/app', '2.0', two);
  await of.push('team/app', undefined, three, {});
  of.wait((60 * day) / 60_000);
  await of.compare();
  await of.idle();
  return of;
}

const codesOf = (checked: Awaited<ReturnType<RetentionApp['check']>>) =>
  checked.items.map(({ deletable, action, reasons }) => [
    deletable,
    action,
    ...new Set(reasons.map(({ code }) => code)),
  ]);

describe('when it is checked whether images may go', () => {
  it('those may that nothing keeps, and a manifest not before its tags', async () => {
    const checked = await (await old()).check([
      { ...app, tag: '1.0' },
      { ...app, digest: one },
      { ...app, digest: three },
    ]);
    expect(codesOf(checked)).toEqual([
      [true, 'untag'],
      [false, 'keep', 'young'],
      [true, 'delete'],
    ]);
    expect(checked.coverage).toEqual({ complete: true, fresh: true });
    expect(checked.items.map(({ image }) => image)).toEqual([
      { ...app, tag: '1.0' },
      { ...app, digest: one },
      { ...app, digest: three },
    ]);
  });

  it('a digest counts where a tag stands beside it', async () => {
    const { check } = await old();
    expect(codesOf(await check([{ ...app, tag: '1.0', digest: three }]))).toEqual([[true, 'delete']]);
  });

  it('what a workload needs may not, with who', async () => {
    const of = await old();
    await of.report('aks-prod', [claimed(`team/app@${three}`, 'web'), claimed('team/app:1.0', 'api')]);
    const { items } = await of.check([
      { ...app, digest: three },
      { ...app, tag: '1.0' },
      { ...app, tag: '2.0' },
    ]);
    expect(items).toMatchObject([
      {
        deletable: false,
        reasons: [{ code: 'in-use', detail: 'aks-prod Deployment shop/web container app' }],
      },
      { deletable: false, reasons: expect.arrayContaining([expect.objectContaining({ code: 'in-use' })]) },
      { deletable: true, reasons: [] },
    ]);
  });

  it('what is not recorded may not, nor what is in a registry that nobody audits', async () => {
    const { check } = await old();
    const checked = await check([
      { ...app, tag: '3.0' },
      { ...app, digest: digestOf('nothing') },
      { ...app, repository: 'team/other', tag: '1.0' },
      { registry: 'fabrikam.azurecr.io', repository: 'team/app', tag: '1.0' },
    ]);
    expect(codesOf(checked)).toEqual([
      [false, 'keep', 'not-recorded'],
      [false, 'keep', 'not-recorded'],
      [false, 'keep', 'not-recorded'],
      [false, 'keep', 'not-recorded'],
    ]);
  });

  it('nothing may while a source is in doubt, and the answer says which', async () => {
    const of = await old();
    of.wait(45);
    const checked = await of.check([{ ...app, digest: three }]);
    expect(codesOf(checked)).toEqual([[false, 'keep', 'source-stale']]);
    expect(checked.coverage).toEqual({ complete: true, fresh: false });
    expect(checked.sources).toMatchObject([
      { source: 'aks-prod', condition: 'stale' },
      { source: 'compose', condition: 'fresh' },
    ]);
  });

  it('nothing may where the repository was not compared lately', async () => {
    const of = await old();
    of.wait((2 * day) / 60_000);
    await of.idle();
    expect(codesOf(await of.check([{ ...app, digest: three }]))).toEqual([[false, 'keep', 'history-stale']]);
  });

  it('nothing may without a policy', async () => {
    const of = await old();
    of.policy.policy = undefined;
    expect(
      codesOf(
        await of.check([
          { ...app, digest: three },
          { ...app, tag: '1.0' },
        ]),
      ),
    ).toEqual([
      [false, 'keep', 'no-rule'],
      [false, 'keep', 'no-rule'],
    ]);
  });

  it('it costs two queries a repository, and a few for all of them', async () => {
    const of = await old();
    const images = Array.from({ length: 300 }, (_, index) => ({
      ...app,
      repository: `team/app-${index % 3}`,
      tag: `${index}`,
    }));
    for (const { repository, tag } of images) await of.push(repository, tag, digestOf(repository));
    of.queries.length = 0;
    await of.check(images);
    const ofRepositories = of.queries.filter((query) => query.includes('|team:'));
    // The other of the two is for the claims, in another table.
    expect(ofRepositories).toHaveLength(3);
    expect(of.queries.length - ofRepositories.length).toBe(1);
  });

  it('when storage does not answer, or is damaged, there is no answer', async () => {
    const fault = new AuditFault('storage-unreachable', 'no answer', { retryable: true });
    for (const name of ['repositories', 'workloads', 'inventory'] as const) {
      let isAway = false;
      const table = memoryTable({ before: () => (isAway ? fault : undefined) });
      const of = await old(retentionApp({ tables: { [name]: table } }));
      isAway = true;
      await expect(of.check([{ ...app, digest: three }])).rejects.toBe(fault);
    }
  });

  it('nothing is asked of anybody when no image is given', async () => {
    expect(await (await old()).check([])).toMatchObject({ items: [], coverage: { complete: true } });
  });
});
