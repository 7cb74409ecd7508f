import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDigest } from '../../../src/registry/digest.ts';
import { keepCodes } from '../../../src/retention/keep-reason.ts';
import type { PlanItem, RepositoryPlan } from '../../../src/retention/plan.ts';
import { planHash } from '../../../src/retention/plan-hash.ts';
import type { RetentionPolicy } from '../../../src/retention/rule.ts';
import { digestOf, patternOf } from '../../builders/retention-content.ts';

type Content = Parameters<typeof planHash>[1] & { readonly plans: readonly RepositoryPlan[] };

function hashOf({ plans, ...begun }: Content): string {
  const sha = createHash('sha256');
  const hash = planHash({ update: (text) => void sha.update(text), digest: () => sha.digest('hex') }, begun);
  for (const plan of plans) hash.add(plan);
  return hash.digest();
}

const registry = 'contoso.azurecr.io';
const sample: Content = {
  registry,
  inputs: {
    historyAt: 1_000,
    sources: [{ source: 'aks', completeAt: 900, condition: 'complete' }],
    policyHash: 'aa',
  },
  policy: {
    rules: [
      {
        repositories: patternOf('team/.*'),
        tags: {
          repositories: patternOf('team/.*'),
          tags: patternOf('dev-.*'),
          matches: ['dev-1'],
          mustNotMatch: ['v1'],
        },
        keepNewest: 3,
        keepYounger: 1_000,
        untaggedOlderThan: 2_000,
      },
    ],
    keepTags: [
      { repositories: patternOf('.*'), tags: patternOf('v.*'), matches: ['v1'], mustNotMatch: ['w'] },
    ],
    grace: 5_000,
    caps: { percent: 20, perRepository: 500, whole: 5_000 },
    mostSurprises: 5,
    planAge: 10_000,
    byPolicy: [patternOf('scratch/.*')],
  },
  plans: [
    {
      registry,
      repository: 'team/app',
      items: [
        { tag: 'dev-1', digest: digestOf('a'), action: 'untag', reasons: [] },
        {
          digest: digestOf('a'),
          action: 'keep',
          reasons: [
            { code: 'young' },
            { code: 'part-of-kept', of: digestOf('b') },
            { code: 'approved', detail: 'approval 7' },
          ],
        },
        {
          digest: digestOf('c'),
          action: 'delete',
          reasons: [],
          order: 0,
          freed: { atLeast: 0, atMost: 7 },
        },
      ],
      counts: { tags: 1, manifests: 2, untag: 1, delete: 1 },
      blocks: [],
    },
    {
      registry,
      repository: 'team/web',
      items: [],
      counts: { tags: 0, manifests: 0, untag: 0, delete: 0 },
      blocks: ['one'],
    },
  ],
};

/** The value with the names of every object, at any depth, in the opposite order. */
function reordered<T>(value: T): T;
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reordered(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, item]) => [name, reordered(item)]),
  );
}

const digests = ['a', 'b', 'c', 'd'].map(digestOf);
const reason = fc.record(
  {
    code: fc.constantFrom(...keepCodes),
    detail: fc.string({ maxLength: 3 }),
    of: fc.constantFrom(...digests),
  },
  { requiredKeys: ['code'] },
);
const item: fc.Arbitrary<PlanItem> = fc.record(
  {
    tag: fc.constantFrom('a', 'b'),
    digest: fc.constantFrom(...digests),
    action: fc.constantFrom('keep', 'untag', 'delete'),
    reasons: fc.array(reason, { maxLength: 2 }),
    order: fc.nat(3),
    freed: fc.record({ atLeast: fc.nat(2), atMost: fc.nat(2) }),
  },
  { requiredKeys: ['digest', 'action', 'reasons'] },
);
const plan: fc.Arbitrary<RepositoryPlan> = fc.record({
  registry: fc.constant(registry),
  repository: fc.constantFrom('a', 'b'),
  items: fc.array(item, { maxLength: 3 }),
  counts: fc.record({ tags: fc.nat(2), manifests: fc.nat(2), untag: fc.nat(2), delete: fc.nat(2) }),
  blocks: fc.array(fc.string({ maxLength: 2 }), { maxLength: 2 }),
});
const plans = fc.array(plan, { maxLength: 3 });

describe('planHash', () => {
  it('when the content is the same, so is the hash, whatever the order of its fields', () => {
    fc.assert(
      fc.property(plans, (some) => {
        const content = { ...sample, plans: some };
        expect(hashOf({ ...content, plans: reordered(some), inputs: reordered(sample.inputs) })).toBe(
          hashOf(content),
        );
      }),
    );
  });

  it('when two contents differ in anything, so do their hashes', () => {
    fc.assert(
      fc.property(plans, plans, (one, other) => {
        const same = JSON.stringify(sortedNames(one)) === JSON.stringify(sortedNames(other));
        expect(hashOf({ ...sample, plans: one }) === hashOf({ ...sample, plans: other })).toBe(same);
      }),
      { numRuns: 300 },
    );
  });

  it('when items or plans come in another order, the hash is another', () => {
    const [first, second] = sample.plans;
    if (first === undefined || second === undefined) throw new Error('no plans');
    const turned = { ...first, items: first.items.toReversed() };
    const hashes = [
      hashOf(sample),
      hashOf({ ...sample, plans: [second, first] }),
      hashOf({ ...sample, plans: [turned, second] }),
    ];
    expect(new Set(hashes).size).toBe(3);
  });

  it('when an item moves from the end of a repository to the beginning of the next, the hash is another', () => {
    const [first, second] = sample.plans;
    const last = first?.items.at(-1);
    if (first === undefined || second === undefined || last === undefined) throw new Error('no plans');
    const moved = [
      { ...first, items: first.items.slice(0, -1) },
      { ...second, items: [last] },
    ];
    expect(hashOf({ ...sample, plans: moved })).not.toBe(hashOf(sample));
  });

  it('when any single value of the content changes, the hash is another', () => {
    const leaves = leavesOf(sample);
    // Every field of every level is among them.
    expect(leaves.length).toBeGreaterThan(50);
    const hash = hashOf(sample);
    for (const path of leaves) {
      const changed = changedAt(sample, path);
      expect({ path, same: hashOf(changed) === hash }).toEqual({ path, same: false });
    }
  });

  it('when a rule is taken away, the hash is another', () => {
    const without: RetentionPolicy = { ...sample.policy, byPolicy: [] };
    expect(hashOf({ ...sample, policy: without })).not.toBe(hashOf(sample));
  });

  it('when it was made piece by piece or in one, the hash is the same', () => {
    const pieces: string[] = [];
    hashTo(pieces);
    const whole = createHash('sha256').update(pieces.join('')).digest('hex');
    expect(whole).toBe(hashOf(sample));
    // One line for what it rests on, one for each of two repositories, one for each of three items.
    expect(pieces).toHaveLength(6);
    for (const piece of pieces) expect(piece).toMatch(/^[^\n]+\n$/);
  });
});

function hashTo(pieces: string[]): void {
  const { plans: all, ...begun } = sample;
  const hash = planHash({ update: (text) => void pieces.push(text), digest: () => '' }, begun);
  for (const one of all) hash.add(one);
}

function sortedNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sortedNames(item)]),
  );
}

type Path = readonly string[];

function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === 'function') return [];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]));
}

/** The value with the text or number at a path replaced by another of its kind. */
function changedAt<T>(value: T, path: Path): T;
function changedAt(value: unknown, [name, ...rest]: Path): unknown {
  if (name === undefined) return changedLeaf(value);
  if (Array.isArray(value)) {
    return value.map((one: unknown, index) => (String(index) === name ? changedAt(one, rest) : one));
  }
  return Object.fromEntries(
    Object.entries(Object(value)).map(([key, one]) => [key, key === name ? changedAt(one, rest) : one]),
  );
}

function changedLeaf(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  return typeof value === 'string' && parseDigest(value) !== undefined
    ? digestOf(`not ${value}`)
    : `${value}x`;
}
