import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { claimed } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { day, type RetentionApp, retentionApp } from '../../builders/retention-app.ts';

const [one, two, three] = [digestOf('one'), digestOf('two'), digestOf('three')];

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
  checked.items.map(({ deletable, reasons }) => [deletable, ...new Set(reasons.map(({ code }) => code))]);

describe('when it is checked whether images may go', () => {
  it('those may that nothing keeps, and a manifest along with its tags', async () => {
    const { check } = await old();
    const checked = await check('team/app:1.0', `team/app@${three}`);
    expect(checked.items).toEqual([
      { image: 'team/app:1.0', deletable: true, reasons: [] },
      { image: `team/app@${three}`, deletable: true, reasons: [] },
    ]);
    expect(codesOf(await check(`team/app@${one}`))).toEqual([[false, 'tagged']]);
    expect(codesOf(await check(`team/app@${one}`, 'team/app:1.0'))).toEqual([[true], [true]]);
    expect(codesOf(await check(`team/app:1.0@${one}`))).toEqual([[true]]);
    // The tag points elsewhere.
    expect(codesOf(await check(`team/app:1.0@${three}`))).toEqual([[false, 'not-recorded']]);
  });

  it('what a workload needs may not, with who', async () => {
    const of = await old();
    await of.report('aks-prod', [claimed(`team/app@${three}`, 'web'), claimed('team/app:1.0', 'api')]);
    const { items } = await of.check(`team/app@${three}`, 'team/app:1.0', 'team/app:2.0');
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
    const checked = await check(
      'team/app:3.0',
      `team/app@${digestOf('nothing')}`,
      'team/other:1.0',
      'fabrikam.azurecr.io/team/app:1.0',
    );
    expect(codesOf(checked)).toEqual(Array.from({ length: 4 }, () => [false, 'not-recorded']));
  });

  it('nothing may while a source is in doubt, and the answer says which', async () => {
    const of = await old();
    of.wait(45);
    const checked = await of.check(`team/app@${three}`);
    expect(codesOf(checked)).toEqual([[false, 'source-stale']]);
    expect(checked.sources).toMatchObject([
      { source: 'aks-prod', condition: 'stale' },
      { source: 'compose', condition: 'fresh' },
    ]);
  });

  it('nothing may where the repository was not compared lately', async () => {
    const of = await old();
    of.wait((2 * day) / 60_000);
    await of.idle();
    expect(codesOf(await of.check(`team/app@${three}`))).toEqual([[false, 'history-stale']]);
  });

  it('without a policy, what workloads need is kept all the same, and what is new', async () => {
    const of = await old();
    of.policy.policy = undefined;
    await of.push('team/app', '3.0', digestOf('four'));
    await of.compare();
    await of.report('aks-prod', [claimed('team/app:1.0', 'api')]);
    const checked = await of.check('team/app:1.0', 'team/app:2.0', 'team/app:3.0');
    expect(codesOf(checked)).toMatchObject([[false, 'in-use', 'inferred-use'], [true], [false, 'young']]);
  });

  it('it costs two queries a repository, and a few for all of them', async () => {
    const of = await old();
    const references = Array.from({ length: 300 }, (_, index) => `team/app-${index % 3}:${index}`);
    for (const reference of references) {
      const [repository = '', tag] = reference.split(':');
      await of.push(repository, tag, digestOf(repository));
    }
    of.queries.length = 0;
    await of.check(...references);
    const ofRepositories = of.queries.filter((query) => query.includes('|team:'));
    // One of the two is for the claims, in another table.
    expect(ofRepositories).toHaveLength(6);
    expect(new Set(ofRepositories).size).toBe(6);
    expect(of.queries.length - ofRepositories.length).toBe(2);
  });

  it('when storage does not answer, or is damaged, there is no answer', async () => {
    const fault = new AuditFault('storage-unreachable', 'no answer', { retryable: true });
    for (const name of ['repositories', 'workloads', 'inventory'] as const) {
      let isAway = false;
      const table = memoryTable({ before: () => (isAway ? fault : undefined) });
      const of = await old(retentionApp({ tables: { [name]: table } }));
      isAway = true;
      await expect(of.check(`team/app@${three}`)).rejects.toBe(fault);
    }
  });

  it('nothing is asked of anybody when no image is given', async () => {
    expect((await (await old()).check()).items).toEqual([]);
  });
});
