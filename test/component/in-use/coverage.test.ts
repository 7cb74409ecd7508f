import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { recordIdOf } from '../../../src/history/record-id.ts';
import { claimed, inUseApp, sourcesOf, usedRegistry, usualSources } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const one = digestOf('one');
const two = digestOf('two');
const repository = { registry: usedRegistry, repository: 'team/app' };
const forbidden = [{ where: 'pods', problem: 'was refused with 403' }];

async function answers(app: ReturnType<typeof inUseApp>) {
  const { uses, coverage } = await app.useCases().uses.of(repository, [one, two]);
  return { one: uses.get(one), two: uses.get(two), coverage };
}

async function reported() {
  const app = inUseApp();
  await app.push('team/app', '1.0', one);
  await app.push('team/app', '2.0', two);
  await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
  await app.report('compose', []);
  return app;
}

describe('when it is asked whether a digest is used', () => {
  it('with every source complete and fresh, it is used or unused', async () => {
    expect(await answers(await reported())).toEqual({
      one: 'used',
      two: 'unused',
      coverage: { complete: true, fresh: true },
    });
  });

  it('without any source, it is unknown', async () => {
    const app = inUseApp({ sources: [] });
    expect(await answers(app)).toMatchObject({
      one: 'unknown',
      two: 'unknown',
      coverage: { complete: false },
    });
  });

  it('with a source that never reported, it is unknown', async () => {
    const app = inUseApp();
    await app.report('aks-prod', []);
    expect(await answers(app)).toMatchObject({ two: 'unknown', coverage: { complete: false } });
  });

  it('with a source that could not be reached, what it used stays used, and nothing is unused', async () => {
    const app = await reported();
    app.silence('aks-prod');
    await app.useCases().refresh('aks-prod');
    expect(await answers(app)).toEqual({
      one: 'used',
      two: 'unknown',
      coverage: { complete: false, fresh: false },
    });
  });

  it('with a list refused, what the others say is taken and what is missing is not', async () => {
    const app = await reported();
    await app.report('aks-prod', [claimed(`team/app@${two}`, 'worker')], forbidden);
    expect(await answers(app)).toMatchObject({ one: 'used', two: 'used' });
    await app.report('aks-prod', [claimed(`team/app@${two}`, 'worker')]);
    expect(await answers(app)).toMatchObject({ one: 'unused', two: 'used' });
  });

  it('of a tag that was pushed just before a comparison had missed it, it is used', async () => {
    const app = inUseApp();
    await app.push('team/app', 'prod', one);
    app.wait(60);
    const pushed = { time: app.clock.now(), id: recordIdOf('late') };
    app.wait(1);
    await app.untag('team/app', 'prod', one);
    await app.push('team/app', 'prod', two, { at: pushed });
    app.wait(60);
    const since = app.clock.time;
    await app.report('aks-prod', [claimed('team/app:prod', 'api', { kind: 'ContainerApp', since })]);
    await app.report('compose', []);
    expect(await answers(app)).toMatchObject({ one: 'unused', two: 'used' });
  });

  it('while the first look at a source ends, it is unknown or used, and never unused', async () => {
    const [inventory, workloads] = [memoryTable(), memoryTable()];
    let end: (() => Promise<void>) | undefined;
    let ended: Promise<void> | undefined;
    let isSlow = false;
    const app = inUseApp({
      tables: {
        inventory: {
          ...inventory,
          // Slower than the claims, when both are read at once.
          async page(range, limit, from) {
            if (isSlow) {
              isSlow = false;
              await setImmediate();
              await ended;
            }
            return inventory.page(range, limit, from);
          },
        },
        workloads: {
          ...workloads,
          async page(range, limit, from) {
            const page = await workloads.page(range, limit, from);
            const ending = end;
            end = undefined;
            if (ending !== undefined) {
              ended = ending();
              await ended;
            }
            return page;
          },
        },
      },
    });
    await app.report('compose', []);
    end = () => app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    isSlow = true;
    expect(await answers(app)).toMatchObject({ one: 'unknown', two: 'unknown' });
    expect(await answers(app)).toMatchObject({ one: 'used', two: 'unused' });
  });

  it('with a look that is too old, it is unknown', async () => {
    const app = await reported();
    app.wait(31);
    expect(await answers(app)).toMatchObject({
      one: 'used',
      two: 'unknown',
      coverage: { complete: true, fresh: false },
    });
  });

  it('with a claim that cannot be understood, it is unknown', async () => {
    const app = await reported();
    await app.report('aks-prod', [claimed('Not/A Reference', 'web')]);
    expect(await answers(app)).toMatchObject({ two: 'unknown', coverage: { complete: false } });
  });

  it('after a source was removed from the settings, what it used stays used until it is retired', async () => {
    const app = await reported();
    app.settings.sources = usualSources.filter(({ name }) => name !== 'aks-prod');
    expect(await answers(app)).toMatchObject({ one: 'used', two: 'unknown' });
    await app.useCases().assessSources();
    expect(await app.estate()).toContainEqual(
      expect.objectContaining({
        kind: 'SourceStale',
        detail: expect.objectContaining({ source: 'aks-prod', condition: 'removed' }),
      }),
    );
    const by = { id: 'analyst', name: 'analyst' };
    expect(await app.useCases().retire('compose', by, 'gone')).toBe('still-configured');
    expect(await app.useCases().retire('unheard-of', by, 'gone')).toBe('unknown');
    expect(await app.useCases().retire('aks-prod', by, 'the cluster was taken down')).toBe('retired');
    expect(await answers(app)).toMatchObject({ one: 'unused', two: 'unused' });
    expect(await app.estate()).toEqual([]);
    expect(app.statements('inventory', '_estate').map(({ kind }) => kind)).toContain('source-retired');
    expect(await app.useCases().retire('aks-prod', by, 'again')).toBe('unknown');
  });

  it('a source that was retired and comes back has to report again', async () => {
    const app = await reported();
    app.settings.sources = usualSources.filter(({ name }) => name !== 'aks-prod');
    await app.useCases().retire('aks-prod', { id: 'a', name: 'a' }, 'gone');
    app.settings.sources = usualSources;
    // Its last look would still be fresh.
    expect(await answers(app)).toMatchObject({ one: 'unknown', two: 'unknown' });
    await app.report('aks-prod', []);
    expect(await answers(app)).toMatchObject({ two: 'unused' });
  });

  it('with a snapshot that holds for less than its source may, the shorter counts', async () => {
    const app = await reported();
    const { submit } = app.useCases();
    await submit('compose', { reading: { claims: [], problems: [] }, isWhole: true, ttl: 600_000 });
    expect(await answers(app)).toMatchObject({ two: 'unused' });
    app.wait(11);
    expect(await answers(app)).toMatchObject({ two: 'unknown', coverage: { fresh: false } });
  });

  it('with a snapshot that says it is not all, it is unknown', async () => {
    const app = await reported();
    const { submit } = app.useCases();
    await submit('compose', { reading: { claims: [], problems: [] }, isWhole: false });
    expect(await answers(app)).toMatchObject({ two: 'unknown' });
  });

  it('only sources that are set to submit may', async () => {
    const app = await reported();
    const { submit } = app.useCases();
    const nothing = { reading: { claims: [], problems: [] }, isWhole: true };
    expect(await submit('aks-prod', nothing)).toBeUndefined();
    expect(await submit('other', nothing)).toBeUndefined();
  });
});

describe('when sources are looked at', () => {
  it('one that never reported is found, and is over once it has', async () => {
    const app = inUseApp();
    await app.useCases().assessSources();
    expect((await app.estate()).map(({ detail }) => [detail['source'], detail['condition']]).sort()).toEqual([
      ['aks-prod', 'never'],
      ['compose', 'never'],
    ]);
    await app.report('aks-prod', []);
    await app.report('compose', []);
    expect(await app.estate()).toEqual([]);
  });

  it('one that was refused in part says what', async () => {
    const app = await reported();
    await app.report('aks-prod', [], forbidden);
    expect(await app.estate()).toMatchObject([
      { severity: 'medium', detail: { condition: 'incomplete', problems: ['pods: was refused with 403'] } },
    ]);
  });

  it('images of registries that are not approved are found, with who uses them', async () => {
    const app = inUseApp();
    await app.report('aks-prod', [
      claimed('docker.io/library/nginx:1.27', 'web'),
      claimed('ghcr.io/org/tool:1', 'tool'),
    ]);
    await app.report('compose', []);
    const found = (await app.estate()).filter(({ kind }) => kind === 'UnapprovedRegistry');
    expect(
      found.map(({ subject, detail }) => [subject.repository, detail['foreignRegistry']]).sort(),
    ).toEqual([
      ['library/nginx', 'docker.io'],
      ['org/tool', 'ghcr.io'],
    ]);
    await app.report('aks-prod', []);
    expect((await app.estate()).filter(({ kind }) => kind === 'UnapprovedRegistry')).toEqual([]);
  });
});

describe('when it is asked what ran on a date', () => {
  it('each use has when it was first and last seen, and what was inferred is as it was then', async () => {
    const app = inUseApp();
    await app.push('team/app', 'prod', one);
    await app.report('aks-prod', [claimed('team/app:prod', 'web', { pulled: `x@${one}` })]);
    await app.report('compose', [claimed('team/app:prod', 'job', { state: 'desired' })]);
    app.wait(60);
    const then = app.clock.time;
    app.wait(60);
    await app.push('team/app', 'prod', two);
    await app.report('aks-prod', [claimed('team/app:prod', 'web', { pulled: `x@${two}` })]);
    const { list } = app.useCases();
    const namesAt = async (at?: number) =>
      (await list({ image: { ...repository, tag: 'prod' }, ...(at === undefined ? {} : { at }) })).uses
        .map(({ claim, digests, certainty }) => `${claim.workload.name} ${certainty} ${digests.join('+')}`)
        .sort();
    expect(await namesAt(then)).toEqual([`job inferred ${one}`, `web exact ${one}`]);
    expect(await namesAt()).toEqual([`job inferred ${two}+${one}`, `web exact ${two}`]);
    expect(await namesAt(Date.UTC(2026, 0, 1))).toEqual([]);
    const { uses } = await list({ image: { ...repository, digest: one } });
    expect(uses.map(({ claim }) => claim.workload.name)).toEqual(['job']);
  });
});

describe('when environments are given by namespace', () => {
  it('rules go before the source’s own, and that before what a workload says', async () => {
    const sources = sourcesOf({
      name: 'aks-prod',
      type: 'kubernetes',
      kubeconfig: 'prod',
      environment: 'production',
      environments: [{ namespaces: 'test-.*', environment: 'staging', owner: 'testers' }],
    });
    const app = inUseApp({ sources });
    await app.report('aks-prod', [
      claimed(`team/app@${one}`, 'web', {
        workload: { kind: 'Pod', name: 'a', namespace: 'test-1', environment: 'dev' },
      }),
      claimed(`team/app@${one}`, 'web', {
        workload: { kind: 'Pod', name: 'b', namespace: 'shop', environment: 'dev' },
      }),
    ]);
    const { uses } = await app.useCases().list({});
    expect(
      uses.map(({ claim: { workload } }) => [workload.name, workload.environment, workload.owner]).sort(),
    ).toEqual([
      ['a', 'staging', 'testers'],
      ['b', 'production', undefined],
    ]);
  });
});
