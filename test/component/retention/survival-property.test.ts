import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Digest } from '../../../src/registry/digest.ts';
import { usedRegistry } from '../../builders/in-use-app.ts';
import { type KeptRegistry, keptRegistry } from '../../builders/kept-registry.ts';
import { day } from '../../builders/retention-app.ts';
import { policyOf, ruleOf } from '../../builders/retention-content.ts';
import type { SampleManifest } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

const runs = Number(process.env['RETENTION_RUNS'] ?? 12);

/** What a repository is made of, by numbers: each is taken modulo what there is. */
interface Course {
  readonly images: number;
  readonly indexes: readonly (readonly number[])[];
  readonly referrers: readonly number[];
  readonly tags: readonly (readonly [string, number])[];
  readonly lockedTags: readonly number[];
  readonly lockedManifests: readonly number[];
  readonly used: readonly number[];
  readonly usedTags: readonly number[];
  readonly approved: readonly number[];
  readonly keepNewest: number | undefined;
  /** Which source is silent: at the plan, at the run, or never. */
  readonly silentAt: 'plan' | 'run' | 'never';
  /** What happens between a plan and its run. */
  readonly meanwhile: readonly (readonly ['tag' | 'use' | 'index' | 'sign' | 'lock' | 'approve', number])[];
}

const place = fc.nat({ max: 30 });
const tagName = fc.constantFrom('v1', 'v2', 'v3', 'v4', 'dev-1', 'dev-2', 'latest', 'prod');
const course: fc.Arbitrary<Course> = fc.record({
  images: fc.integer({ min: 2, max: 6 }),
  indexes: fc.array(fc.array(place, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
  referrers: fc.array(place, { maxLength: 3 }),
  tags: fc.array(fc.tuple(tagName, place), { maxLength: 7 }),
  lockedTags: fc.array(place, { maxLength: 1 }),
  lockedManifests: fc.array(place, { maxLength: 1 }),
  used: fc.array(place, { maxLength: 2 }),
  usedTags: fc.array(place, { maxLength: 1 }),
  approved: fc.array(place, { maxLength: 1 }),
  keepNewest: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  silentAt: fc.oneof(
    { weight: 8, arbitrary: fc.constant('never' as const) },
    { weight: 1, arbitrary: fc.constant('plan' as const) },
    { weight: 1, arbitrary: fc.constant('run' as const) },
  ),
  meanwhile: fc.array(fc.tuple(fc.constantFrom('tag', 'use', 'index', 'sign', 'lock', 'approve'), place), {
    maxLength: 3,
  }),
});

describe('when random clean-ups are carried out against a registry', () => {
  let registry: TestRegistry;
  let count = 0;
  beforeAll(async () => {
    registry = await openTestRegistry();
  });
  afterAll(() => registry.dispose());

  it('all that is kept, used or approved can be pulled whole afterwards, and nothing goes that was not planned', async () => {
    let wentInAll = 0;
    await fc.assert(
      fc.asyncProperty(course, async (told) => {
        count += 1;
        wentInAll += await live(keptRegistry(registry, `team/app-${count}`), told);
      }),
      { numRuns: runs },
    );
    // A property about deletions of which none is made would say nothing.
    if (runs >= 12) expect(wentInAll).toBeGreaterThan(0);
  });
});

/** Lives through a course; resolves to how many manifests went. */
async function live(kept: KeptRegistry, told: Course): Promise<number> {
  const manifests: SampleManifest[] = [];
  const at = (number: number) => manifests[number % manifests.length] as SampleManifest;
  const digestAt = (number: number) => at(number).descriptor.digest as Digest;
  const push = async (manifest: SampleManifest, tag?: string) => {
    await kept.put(manifest, tag);
    if (!manifests.some(({ descriptor }) => descriptor.digest === manifest.descriptor.digest)) {
      manifests.push(manifest);
    }
  };
  for (let number = 0; number < told.images; number += 1) await push(await kept.image(`image ${number}`));
  for (const children of told.indexes) await push(kept.index(...children.map(at)));
  for (const [number, subject] of told.referrers.entries()) {
    await push(await kept.image(`about ${number}`, { subject: at(subject).descriptor }));
  }
  for (const [tag, number] of told.tags) await kept.put(at(number), tag);
  const tags = [...new Map(told.tags)];
  const tagAt = (number: number) => tags[number % Math.max(1, tags.length)]?.[0];
  for (const number of told.lockedTags) if (tagAt(number)) await kept.lock(`_tags/${tagAt(number)}`);
  for (const number of told.lockedManifests) await kept.lock(`_manifests/${digestAt(number)}`);

  const used = new Set(told.used.map(digestAt));
  const usedTags = new Set(told.usedTags.flatMap((number) => tagAt(number) ?? []));
  const claims = () => [
    ...[...used].map((digest) => [`${kept.repository}@${digest}`, `of ${digest.slice(7, 19)}`] as const),
    ...[...usedTags].map((tag) => [`${kept.repository}:${tag}`, `by ${tag}`] as const),
  ];
  kept.app.policy.policy = policyOf({
    rules: [
      ruleOf({
        tagsLike: '(v|dev-)[0-9]+',
        keepYounger: 30 * day,
        ...(told.keepNewest === undefined ? {} : { keepNewest: told.keepNewest }),
      }),
      ruleOf({ untaggedOlderThan: 14 * day }),
    ],
    mostSurprises: 100,
  });
  await kept.age(
    400,
    claims().map(([image, name]) => [image, name]),
  );
  const approved = new Set<string>();
  const approve = async (number: number) => {
    const digest = digestAt(number);
    await kept.app.approve(`${kept.repository}@${digest}`).then(
      () => approved.add(digest),
      // What is gone by now cannot be approved.
      () => undefined,
    );
  };
  for (const number of told.approved) await approve(number);

  const silence = async () => {
    kept.app.silence('aks-prod');
    await kept.app.useCases().refresh('aks-prod');
  };
  const everything = () => manifests.map(({ descriptor }) => descriptor.digest);
  const before = new Set(await kept.survivors(...everything(), ...tags.map(([tag]) => tag)));
  if (told.silentAt === 'plan') await silence();
  const plan = await kept.plan();
  const items = [];
  for await (const one of kept.app.plans.repositories(usedRegistry, plan.id)) items.push(...one.items);

  const late: string[] = [];
  for (const [what, number] of told.meanwhile) {
    const digest = digestAt(number);
    if (what === 'tag') {
      await kept.put(at(number), `late-${number}`);
      late.push(`late-${number}`, digest);
    } else if (what === 'index') {
      await kept.put(kept.index(at(number), at(number + 1)), `late-index-${number}`);
      late.push(`late-index-${number}`);
    } else if (what === 'sign') {
      await kept.put(await kept.image(`late ${number}`, { subject: at(number).descriptor }));
      late.push(digest);
    } else if (what === 'lock') {
      await kept.lock(`_manifests/${digest}`);
      late.push(digest);
    } else if (what === 'approve') {
      await approve(number);
    } else {
      used.add(digest);
      await kept.app.report(
        'aks-prod',
        claims().map(([image, name]) => ({
          workload: { kind: 'Deployment', name, namespace: 'shop', container: 'app' },
          state: 'running' as const,
          image: `${usedRegistry}/${image}`,
        })),
      );
    }
  }
  if (told.silentAt === 'run') await silence();
  const run = await kept.run(plan);

  const gone = [];
  for (const digest of everything())
    if (before.has(digest) && !(await kept.isPullable(digest))) gone.push(digest);
  if (told.silentAt !== 'never')
    expect({ gone, done: run?.done?.deleted ?? 0 }).toEqual({ gone: [], done: 0 });
  const planned = new Set(
    items.flatMap(({ tag, digest, action }) => (tag === undefined && action === 'delete' ? [digest] : [])),
  );
  expect(gone.filter((digest) => !planned.has(digest as Digest))).toEqual([]);
  const staying = [
    ...items.flatMap(({ tag, digest, action }) => (action === 'keep' ? [tag ?? digest] : [])),
    ...used,
    ...usedTags,
    ...approved,
    ...late,
  ].filter((reference) => before.has(reference) || late.includes(reference));
  expect(await kept.survivors(...staying)).toEqual(staying);
  return gone.length;
}
