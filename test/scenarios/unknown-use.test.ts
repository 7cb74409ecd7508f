import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { usedRegistry } from '../builders/in-use-app.ts';
import { type KeptRegistry, keptRegistry } from '../builders/kept-registry.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

let registry: TestRegistry;
let kept: KeptRegistry;
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterAll(() => registry.dispose());
beforeEach(() => {
  count += 1;
  kept = keptRegistry(registry, `team/app-${count}`);
});

const pushed = async (content: string, tag?: string) => kept.put(await kept.image(content), tag);

describe('F6: when workloads name images in every way there is', () => {
  it.each([
    ['by digest', (name: string, digest: string) => `${usedRegistry}/${name}@${digest}`],
    ['by tag and digest', (name: string, digest: string) => `${usedRegistry}/${name}:old@${digest}`],
    [
      'by a regional endpoint',
      (name: string, digest: string) => `contoso.westeurope.geo.azurecr.io/${name}@${digest}`,
    ],
    ['with the port of HTTPS', (name: string, digest: string) => `${usedRegistry}:443/${name}@${digest}`],
    ['by tag', (name: string) => `${usedRegistry}/${name}:old`],
  ])('what is named %s survives', async (_, reference) => {
    const [used, left] = [await pushed('used', 'old'), await pushed('left')];
    await kept.age(400, [[reference(kept.repository, used), 'web']]);
    expect(await kept.cleanUp()).toMatchObject({ run: { state: 'done', done: { deleted: 1 } } });
    expect(await kept.survivors('old', used, left)).toEqual(['old', used]);
  });

  it('what a tag held when a workload pulled it survives, whatever the tag holds now', async () => {
    const before = await pushed('before', 'prod');
    await kept.compare();
    const since = kept.app.clock.time;
    const after = await pushed('after', 'prod');
    await kept.age(400, [[`${kept.repository}:prod`, 'web', { since }]]);
    await kept.cleanUp();
    await kept.age(20, [[`${kept.repository}:prod`, 'web', { since }]]);
    await kept.cleanUp();
    expect(await kept.survivors('prod', before, after)).toEqual(['prod', before, after]);
  });
});

describe('F7 and F11: when a source cannot be reached, or was read too long ago', () => {
  it('no plan of it can run, and nothing goes', async () => {
    const digest = await pushed('left');
    await kept.age(400);
    kept.app.silence('aks-prod');
    await kept.app.useCases().refresh('aks-prod');
    const blocked = await kept.cleanUp();
    expect(blocked).toMatchObject({ plan: { state: 'blocked', counts: { delete: 0 } } });
    expect(blocked.run).toBeUndefined();
    expect(blocked.plan.blocks).toEqual([expect.stringMatching(/^coverage-incomplete: aks-prod/)]);
    await kept.app.report('aks-prod', []);
    kept.app.wait(45);
    expect((await kept.plan()).blocks).toEqual([expect.stringMatching(/^source-stale: aks-prod/)]);
    expect(await kept.survivors(digest)).toEqual([digest]);
  });

  it('a plan that was made before that stops at once', async () => {
    const digest = await pushed('left');
    await kept.age(400);
    const plan = await kept.plan();
    expect(plan).toMatchObject({ state: 'ready', counts: { delete: 1 } });
    kept.app.silence('aks-prod');
    await kept.app.useCases().refresh('aks-prod');
    expect(await kept.run(plan)).toMatchObject({
      state: 'stopped',
      stoppedBecause: expect.stringMatching(/^coverage-incomplete: aks-prod/),
    });
    expect(await kept.survivors(digest)).toEqual([digest]);
  });

  it('a repository that was not compared lately loses nothing', async () => {
    const digest = await pushed('left');
    await kept.age(400);
    kept.app.clock.time += 27 * 3_600_000;
    await kept.app.report('aks-prod', []);
    await kept.app.report('compose', []);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { deleted: 0 } } });
    expect(await kept.survivors(digest)).toEqual([digest]);
  });
});

describe('F19: when nothing runs of what is needed to start again', () => {
  it.each(['desired', 'rollback'] as const)('what is %s survives', async (state) => {
    const [used, left] = [await pushed('used', 'v1'), await pushed('left')];
    await kept.age(400, [[`${kept.repository}@${used}`, 'web', { state }]]);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { deleted: 1, untagged: 0 } } });
    expect(await kept.survivors('v1', used, left)).toEqual(['v1', used]);
  });
});
