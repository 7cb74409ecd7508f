import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Digest } from '../../../src/registry/digest.ts';
import type { ReportedClaim } from '../../../src/workloads/claim.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digests = ['one', 'two', 'three'].map(digestOf);
const tags = ['prod', 'dev'];
const sources = ['aks-prod', 'compose'] as const;
const minute = 60_000;
const skew = 15 * minute;
const repository = { registry: usedRegistry, repository: 'team/app' };

/** What a workload says: a digest that it pulled or names, or a tag with when its revision was created. */
interface Said {
  readonly name: string;
  readonly state: 'running' | 'desired' | 'rollback';
  readonly digest?: number;
  readonly tag?: number;
  readonly isPinned: boolean;
  /** Minutes before it is said; absent: nobody knows. */
  readonly age?: number;
}

type Step =
  | { readonly step: 'push'; readonly tag: number; readonly digest: number }
  | { readonly step: 'delete'; readonly digest: number }
  | { readonly step: 'untag'; readonly tag: number }
  | {
      readonly step: 'report';
      readonly source: number;
      readonly said: readonly Said[];
      readonly isWhole: boolean;
    }
  | { readonly step: 'silence'; readonly source: number }
  | { readonly step: 'wait'; readonly minutes: number };

const said: fc.Arbitrary<Said> = fc
  .record({
    name: fc.constantFrom('web', 'api', 'job'),
    state: fc.constantFrom('running', 'desired', 'rollback'),
    digest: fc.option(fc.nat(digests.length - 1), { nil: undefined }),
    tag: fc.option(fc.nat(tags.length - 1), { nil: undefined }),
    isPinned: fc.boolean(),
    age: fc.option(fc.nat(180), { nil: undefined }),
  })
  .filter(({ digest, tag }) => digest !== undefined || tag !== undefined)
  .map(({ digest, tag, age, ...rest }) => ({
    ...rest,
    ...(digest === undefined ? {} : { digest }),
    ...(tag === undefined ? {} : { tag }),
    ...(age === undefined ? {} : { age }),
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constant('push' as const), tag: fc.nat(1), digest: fc.nat(2) }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('delete' as const), digest: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('untag' as const), tag: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('report' as const),
      source: fc.nat(1),
      said: fc.array(said, { maxLength: 3 }),
      isWhole: fc.oneof(
        { weight: 3, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('silence' as const), source: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 45 }) }),
  },
);

/** That a tag pointed to a digest, from a time, until another. */
interface Stretch {
  readonly tag: number;
  readonly digest: number;
  readonly from: number;
  until: number;
}

/** What is so, by brute force: every stretch of every tag, every claim that may still stand. */
function oracle() {
  const stretches: Stretch[] = [];
  const present = new Set<number>();
  /** By source: what its last looks may have left standing. */
  const standing = new Map<number, Map<string, { said: Said; since: number }>>();
  const keyOf = ({ age: _, ...rest }: Said) => JSON.stringify(rest);
  const held = (tag: number) =>
    stretches.find((one) => one.tag === tag && one.until === Number.POSITIVE_INFINITY);

  function needs({ said: one, since }: { said: Said; since: number }): ReadonlySet<number> {
    if (one.digest !== undefined) return new Set([one.digest]);
    return new Set(
      stretches
        .filter(({ tag, until }) => tag === one.tag && until >= Math.max(0, since - skew))
        .map(({ digest }) => digest),
    );
  }
  return {
    present,
    held,
    push(tag: number, digest: number, at: number) {
      present.add(digest);
      const now = held(tag);
      if (now?.digest === digest) return;
      if (now !== undefined) now.until = at;
      stretches.push({ tag, digest, from: at, until: Number.POSITIVE_INFINITY });
    },
    remove(digest: number, at: number) {
      present.delete(digest);
      for (const one of stretches)
        if (one.digest === digest && one.until === Number.POSITIVE_INFINITY) one.until = at;
    },
    untag(tag: number, at: number) {
      const now = held(tag);
      if (now !== undefined) now.until = at;
    },
    report(source: number, reported: readonly Said[], isWhole: boolean, at: number) {
      const before = standing.get(source) ?? new Map();
      const now = new Map(isWhole ? [] : before);
      for (const one of reported) {
        const key = keyOf(one);
        const since = one.age === undefined ? 0 : at - one.age * minute;
        const known = before.get(key) ?? now.get(key);
        now.set(key, { said: one, since: Math.min(since, known?.since ?? since) });
      }
      standing.set(source, now);
    },
    isNeeded: (digest: number) =>
      [...standing.values()].some((claims) => [...claims.values()].some((one) => needs(one).has(digest))),
  };
}

function reportedOf(one: Said, now: number): ReportedClaim {
  const digest = one.digest === undefined ? undefined : digests[one.digest];
  const tag = one.tag === undefined ? '' : `:${tags[one.tag]}`;
  const isPinned = digest !== undefined && (one.isPinned || one.tag === undefined);
  return claimed(`team/app${tag}${isPinned ? `@${digest}` : ''}`, one.name, {
    state: one.state,
    ...(digest === undefined || isPinned ? {} : { pulled: `x@${digest}` }),
    ...(one.age === undefined ? {} : { since: now - one.age * minute }),
  });
}

/** Names of `age` and `isPinned` aside, what makes two claims one. */
const normal = (one: Said): Said => ({
  ...one,
  isPinned: one.digest !== undefined && (one.isPinned || one.tag === undefined),
});

describe('when registries and workloads live at random', () => {
  it('nothing that may be needed is ever unused, nothing is unused in doubt, and what is found is what is needed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const app = inUseApp();
        const truth = oracle();
        const deleted = new Set<number>();
        for (const each of steps) {
          app.wait(1);
          const now = app.clock.time;
          if (each.step === 'push') {
            await app.push('team/app', tags[each.tag], digests[each.digest] as Digest);
            truth.push(each.tag, each.digest, now);
            deleted.delete(each.digest);
          } else if (each.step === 'delete' && truth.present.has(each.digest)) {
            await app.remove('team/app', digests[each.digest] as Digest);
            truth.remove(each.digest, now);
            deleted.add(each.digest);
          } else if (each.step === 'untag') {
            const held = truth.held(each.tag);
            if (held === undefined) continue;
            await app.untag('team/app', tags[each.tag] ?? '', digests[held.digest] as Digest);
            truth.untag(each.tag, now);
          } else if (each.step === 'report') {
            const all = each.said.map(normal);
            const problems = each.isWhole ? [] : [{ where: 'pods', problem: 'was refused with 403' }];
            await app.report(
              sources[each.source] ?? '',
              all.map((one) => reportedOf(one, now)),
              problems,
            );
            truth.report(each.source, all, each.isWhole, now);
          } else if (each.step === 'silence') {
            app.silence(sources[each.source] ?? '');
          } else if (each.step === 'wait') {
            app.wait(each.minutes);
          }
          const { uses, coverage } = await app.useCases().uses.of(repository, digests);
          const known = await app.useCases().coverage();
          const isSure = known.every(({ condition }) => condition === 'fresh');
          expect(coverage.complete && coverage.fresh).toBe(isSure);
          for (const [index, digest] of digests.entries()) {
            const expected = truth.isNeeded(index) ? 'used' : isSure ? 'unused' : 'unknown';
            expect({ digest: index, answer: uses.get(digest) }).toEqual({ digest: index, answer: expected });
          }
        }
        // Whatever was late or in doubt is settled once every source has reported what stands.
        app.wait(60);
        for (const source of [0, 1]) {
          await app.report(sources[source] ?? '', []);
          truth.report(source, [], true, app.clock.time);
        }
        const last: Said = { name: 'web', state: 'running', digest: 0, isPinned: true };
        await app.report('aks-prod', [reportedOf(last, app.clock.time)]);
        truth.report(0, [last], true, app.clock.time);
        await app.settle();
        for (const index of digests.keys()) {
          if (!truth.present.has(index)) continue;
          await app.remove('team/app', digests[index] as Digest);
          truth.remove(index, app.clock.time);
          deleted.add(index);
        }
        await app.settle();
        const found = (await app.open())
          .filter(({ kind }) => kind === 'DeletedDigestInUse' || kind === 'DeletedDigestUseUnknown')
          .map(
            ({ kind, subject: { digest } }) =>
              `${kind} ${digest === undefined ? -1 : digests.indexOf(digest)}`,
          );
        const wanted = [...deleted]
          .filter((index) => truth.isNeeded(index))
          .map((index) => `DeletedDigestInUse ${index}`);
        // What was gone before anything claimed it is a missing image, not a deletion in use.
        const judged = new Set(found);
        for (const one of judged) expect(wanted).toContain(one);
        const missing = (await app.open()).filter(({ kind }) => kind === 'MissingImage');
        for (const one of wanted) {
          const index = Number(one.split(' ')[1]);
          const isTold = judged.has(one) || missing.some(({ subject }) => subject.digest === digests[index]);
          expect({ one, isTold }).toEqual({ one, isTold: true });
        }
      }),
      { numRuns: Number(process.env['IN_USE_RUNS'] ?? 120) },
    );
  }, 120_000);
});
