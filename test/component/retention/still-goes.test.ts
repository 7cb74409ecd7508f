import { describe, expect, it } from '@jest/globals';
import { placeHold } from '../../../src/audit/holds.ts';
import type { PlanItem } from '../../../src/retention/plan.ts';
import { claimed, type InUseApp, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const repository = { registry: usedRegistry, repository: 'team/app' };
const deletion = (digest = one): PlanItem => ({ digest, action: 'delete', reasons: [] });

/** An image that nothing needs. */
async function unneeded(): Promise<InUseApp> {
  const app = inUseApp();
  await app.push('team/app', '1.0', one);
  await app.push('team/app', '2.0', two);
  await app.report('aks-prod', []);
  await app.report('compose', []);
  return app;
}

const codes = async (app: InUseApp, item: PlanItem = deletion()) =>
  (await app.useCases().stillGoes(repository, item)).map(({ code }) => code);

describe('when it is asked once more whether something goes', () => {
  it('it does, as long as nothing needs it', async () => {
    expect(await codes(await unneeded())).toEqual([]);
  });

  it('it does not once a workload names its digest, its tag, or its tag’s digest', async () => {
    const app = await unneeded();
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    expect(await codes(app)).toEqual(['in-use']);
    expect(await codes(app, deletion(two))).toEqual([]);
    await app.report('aks-prod', [claimed('team/app:1.0', 'web')]);
    expect(await codes(app)).toEqual(['inferred-use']);
    const untag: PlanItem = { tag: '1.0', digest: one, action: 'untag', reasons: [] };
    expect(await codes(app, untag)).toEqual(['in-use', 'inferred-use']);
    expect(await codes(app, { ...untag, tag: '2.0', digest: two })).toEqual([]);
  });

  it('it does not when an index of it is used', async () => {
    const app = await unneeded();
    const index = digestOf('index');
    await app.tables.repositories.put({
      partitionKey: `${usedRegistry}|team:app`,
      rowKey: `c|${one}|${index}`,
      columns: {},
    });
    await app.report('aks-prod', [claimed(`team/app@${index}`, 'web')]);
    expect(await codes(app)).toEqual(['in-use']);
  });

  it('it does not while a source cannot be reached, was read too long ago, or none is configured', async () => {
    const app = await unneeded();
    app.silence('aks-prod');
    await app.useCases().refresh('aks-prod');
    expect(await codes(app)).toEqual(['coverage-incomplete']);
    const old = await unneeded();
    old.wait(31);
    expect(await codes(old)).toEqual(['source-stale']);
    old.settings.sources = [];
    expect(await codes(old)).toContain('coverage-incomplete');
  });

  it('it does not once it is approved', async () => {
    const app = await unneeded();
    await app.approve('team/app:1.0');
    expect(await codes(app)).toContain('approved');
    expect(await codes(app, deletion(two))).toEqual([]);
  });

  it('it does not while its repository is held', async () => {
    const app = await unneeded();
    const place = placeHold(app.recording);
    const scope = { kind: 'repositories', registry: usedRegistry, pattern: 'team/.*' } as const;
    const by = { id: 'counsel', name: 'Counsel', roles: [] };
    await place(usedRegistry, { scope, reason: 'a lawsuit' }, by);
    expect(await codes(app)).toEqual(['held']);
  });
});
