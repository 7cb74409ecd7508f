import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type KeptRegistry, keptRegistry } from '../builders/kept-registry.ts';
import { day } from '../builders/retention-app.ts';
import { policyOf, ruleOf } from '../builders/retention-content.ts';
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

async function pushed(content: string, tag?: string) {
  const manifest = await kept.image(content);
  return { manifest, digest: await kept.put(manifest, tag) };
}

describe('F5: when what has lost its tags is tagged again during the grace', () => {
  it('it survives, and so it does when that comes between the plan and its run', async () => {
    const [one, two, left] = [
      await pushed('one', 'v1'),
      await pushed('two', 'v2'),
      await pushed('left', 'v3'),
    ];
    kept.app.policy.policy = policyOf({
      rules: [ruleOf({ tagsLike: 'v[0-9]', keepYounger: 30 * day }), ruleOf({ untaggedOlderThan: 14 * day })],
    });
    await kept.age(400);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { untagged: 3, deleted: 0 } } });
    // Tagged again in the grace, with or without a comparison that saw it.
    await kept.put(one.manifest, 'again');
    await kept.age(15);
    const plan = await kept.plan();
    expect(plan.counts).toMatchObject({ delete: 2 });
    await kept.put(two.manifest, 'just-in-time');
    expect(await kept.run(plan)).toMatchObject({ state: 'done', done: { deleted: 1, spared: 1 } });
    expect(await kept.survivors('again', 'just-in-time', one.digest, two.digest, left.digest)).toEqual([
      'again',
      'just-in-time',
      one.digest,
      two.digest,
    ]);
  });

  it('nothing goes before the grace is over, whenever the tag went', async () => {
    const { digest } = await pushed('one', 'v1');
    await kept.age(400);
    await kept.cleanUp();
    await kept.age(13);
    expect(await kept.cleanUp()).toMatchObject({ plan: { counts: { delete: 0 } } });
    expect(await kept.survivors(digest)).toEqual([digest]);
    await kept.age(2);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { deleted: 1 } } });
    expect(await kept.survivors(digest)).toEqual([]);
  });

  it('a digest that a new index lists since the plan survives', async () => {
    const { manifest, digest } = await pushed('part');
    await kept.age(400);
    const plan = await kept.plan();
    expect(plan.counts).toMatchObject({ delete: 1 });
    await kept.put(kept.index(manifest), 'new');
    expect(await kept.run(plan)).toMatchObject({ done: { deleted: 0, spared: 1 } });
    expect(await kept.survivors('new', digest)).toEqual(['new', digest]);
  });

  it('a digest that is used, or approved, since the plan survives', async () => {
    const [used, approved, left] = [
      await pushed('used'),
      await pushed('approved', 'v1'),
      await pushed('left'),
    ];
    await kept.age(400);
    const plan = await kept.plan();
    expect(plan.counts).toMatchObject({ delete: 2, untag: 1 });
    await kept.app.report('aks-prod', [
      {
        workload: { kind: 'Deployment', name: 'web', namespace: 'shop' },
        state: 'running',
        image: `contoso.azurecr.io/${kept.repository}@${used.digest}`,
      },
    ]);
    await kept.app.approve(`${kept.repository}:v1`);
    expect(await kept.run(plan)).toMatchObject({ done: { deleted: 1, untagged: 0, spared: 2 } });
    expect(await kept.survivors(used.digest, 'v1', approved.digest, left.digest)).toEqual([
      used.digest,
      'v1',
      approved.digest,
    ]);
  });
});
