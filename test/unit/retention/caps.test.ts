import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { capWatch } from '../../../src/retention/caps.ts';
import type { RetentionCaps } from '../../../src/retention/rule.ts';

const registry = 'contoso.azurecr.io';
const caps: RetentionCaps = { percent: 20, perRepository: 50, whole: 80 };

function planOf(repository: string, counts: Partial<ReturnType<typeof noCounts>>) {
  return { registry, repository, counts: { ...noCounts(), ...counts } };
}

function noCounts() {
  return { tags: 0, manifests: 0, untag: 0, delete: 0 };
}

describe('capWatch', () => {
  it('when as much goes as the caps allow, says nothing', () => {
    const watch = capWatch(caps);
    expect(watch.add(planOf('team/app', { tags: 250, untag: 50, manifests: 250, delete: 50 }))).toEqual([]);
    expect(watch.whole()).toEqual([]);
  });

  it.each([
    [
      'more tags than the cap go',
      { tags: 300, untag: 51 },
      ['contoso.azurecr.io/team/app: 51 of 300 tags untagged, more than the cap of 50'],
    ],
    [
      'more manifests than the cap go',
      { manifests: 300, delete: 51 },
      ['contoso.azurecr.io/team/app: 51 of 300 manifests deleted, more than the cap of 50'],
    ],
    [
      'a larger part of the tags goes',
      { tags: 100, untag: 21 },
      ['contoso.azurecr.io/team/app: 21 of 100 tags untagged, more than the cap of 20 %, which is 20'],
    ],
    [
      'a larger part of the manifests goes',
      { manifests: 100, delete: 21 },
      ['contoso.azurecr.io/team/app: 21 of 100 manifests deleted, more than the cap of 20 %, which is 20'],
    ],
    [
      'everything goes',
      { tags: 60, untag: 60, manifests: 60, delete: 60 },
      [
        'contoso.azurecr.io/team/app: 60 of 60 tags untagged, more than the cap of 50',
        'contoso.azurecr.io/team/app: 60 of 60 tags untagged, more than the cap of 20 %, which is 12',
        'contoso.azurecr.io/team/app: 60 of 60 manifests deleted, more than the cap of 50',
        'contoso.azurecr.io/team/app: 60 of 60 manifests deleted, more than the cap of 20 %, which is 12',
      ],
    ],
  ])('when %s, names the repository and the numbers', (_, counts, blocks) => {
    expect(capWatch(caps).add(planOf('team/app', counts))).toEqual(blocks);
  });

  it('when a repository is small, one image of it may still go, and no more', () => {
    const watch = capWatch(caps);
    expect(watch.add(planOf('one', { manifests: 1, delete: 1 }))).toEqual([]);
    expect(watch.add(planOf('three', { manifests: 3, delete: 1 }))).toEqual([]);
    expect(watch.add(planOf('four', { manifests: 4, delete: 2 }))).toHaveLength(1);
  });

  it('when each repository is below its caps and all together are not, the whole is over', () => {
    const watch = capWatch(caps);
    for (const repository of ['a', 'b']) {
      expect(watch.add(planOf(repository, { tags: 300, untag: 41 }))).toEqual([]);
    }
    expect(watch.whole()).toEqual(['all repositories: 82 of 600 tags untagged, more than the cap of 80']);
  });

  it('when many small repositories lose one of one, the whole is over its part', () => {
    const watch = capWatch(caps);
    for (let index = 0; index < 10; index += 1) {
      expect(watch.add(planOf(`team/app-${index}`, { manifests: 1, delete: 1 }))).toEqual([]);
    }
    expect(watch.whole()).toEqual([
      'all repositories: 10 of 10 manifests deleted, more than the cap of 20 %, which is 2',
    ]);
  });

  it('when nothing is there, nothing is over', () => {
    const watch = capWatch(caps);
    expect([...watch.add(planOf('empty', {})), ...watch.whole()]).toEqual([]);
  });

  it('when repositories come in any order, the whole is the same, and less never blocks where more did not', () => {
    const counts = fc
      .record({ tags: fc.nat(400), manifests: fc.nat(400), untag: fc.nat(400), delete: fc.nat(400) })
      .map((count) => ({
        ...count,
        untag: Math.min(count.untag, count.tags),
        delete: Math.min(count.delete, count.manifests),
      }));
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 8 }), fc.nat(7), (all, index) => {
        const plans = all.map((count, place) => planOf(`r${place}`, count));
        const blocks = wholeOf(plans);
        expect(wholeOf(plans.toReversed())).toEqual(blocks);
        const less = plans.map((plan, place) =>
          place === index ? { ...plan, counts: { ...plan.counts, untag: 0, delete: 0 } } : plan,
        );
        expect(wholeOf(less).length).toBeLessThanOrEqual(blocks.length);
      }),
    );
  });
});

function wholeOf(plans: readonly ReturnType<typeof planOf>[]): readonly string[] {
  const watch = capWatch(caps);
  for (const plan of plans) watch.add(plan);
  return watch.whole();
}
