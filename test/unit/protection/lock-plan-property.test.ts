import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Approval, advance } from '../../../src/protection/approval.ts';
import { closureOf } from '../../../src/protection/closure.ts';
import { rootsOf } from '../../../src/protection/desired-locks.ts';
import { msPerDay } from '../../../src/protection/duration.ts';
import { advanceHold, type Hold } from '../../../src/protection/hold.ts';
import { eventsDue } from '../../../src/protection/lifecycle.ts';
import { planLocks } from '../../../src/protection/lock-plan.ts';
import { targetKey } from '../../../src/protection/lock-target.ts';
import { isOpen, windowsAt } from '../../../src/protection/rollback-window.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import {
  approvalOf,
  type FakeManifest,
  type ProtectedRepository,
  protectedRepository,
  repositoryHold,
  start,
} from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const images = ['i0', 'i1', 'i2', 'i3', 'i4', 'i5'] as const;

/** Indexes that share children, one nested in another, signatures on indexes and on children. */
function world(): Map<Digest, FakeManifest> {
  const children = (...names: readonly string[]) => ({ children: names.map(digestOf) });
  const entries: readonly (readonly [string, FakeManifest])[] = [
    ['i0', { ...children('c0', 'c1'), referrers: [digestOf('s0')] }],
    ['i1', children('c1', 'c2')],
    ['i2', children('i0', 'c3')],
    ['i3', children('c3')],
    ['i4', {}],
    ['i5', { ...children('c4', 'c5'), referrers: [digestOf('s1')] }],
    ['c1', { referrers: [digestOf('s2')] }],
    ...['c0', 'c2', 'c3', 'c4', 'c5', 's0', 's1', 's2'].map((name) => [name, {}] as const),
  ];
  return new Map(entries.map(([name, node]) => [digestOf(name), node]));
}

const anyDigest = fc.constantFrom(...[...world().keys()]);

type Answers = 'unused' | 'unknown' | 'some-used';

/** What may happen to a repository. `cut`: after how many writes a run is killed; without it, it ends. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('approve' as const),
      image: fc.constantFrom(...images),
      rollback: fc.option(fc.constantFrom(...images), { nil: undefined }),
      environment: fc.constantFrom('production', 'staging'),
      days: fc.integer({ min: 1, max: 40 }),
      releases: fc.integer({ min: 1, max: 3 }),
      tag: fc.option(fc.constantFrom('v1', 'v2', 'live'), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('enforce' as const),
      cut: fc.option(fc.nat({ max: 25 }), { nil: undefined }),
      complete: fc.boolean(),
      fresh: fc.boolean(),
      answers: fc.constantFrom<Answers>('unused', 'unknown', 'some-used'),
      unreadable: fc.option(anyDigest, { nil: undefined, freq: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('judge' as const),
      which: fc.nat(),
      outcome: fc.constantFrom('good' as const, 'failed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('fail' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('unlock' as const), digest: anyDigest }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('move-tag' as const),
      tag: fc.constantFrom('v1', 'live'),
      digest: anyDigest,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('hold' as const), which: fc.option(fc.nat()) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('lift' as const) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly repository: ProtectedRepository;
  approvals: readonly Approval[];
  holds: readonly Hold[];
  now: number;
}

function change(world: World, which: number, by: (approval: Approval) => Approval): void {
  const index = world.approvals.length === 0 ? -1 : which % world.approvals.length;
  world.approvals = world.approvals.map((approval, at) => (at === index ? by(approval) : approval));
}

function advanced(approval: Approval, event: Parameters<typeof advance>[1]): Approval {
  const result = advance(approval, event);
  return result.outcome === 'refused' ? approval : result.approval;
}

function happen(world: World, event: Happening): void {
  const { repository } = world;
  switch (event.what) {
    case 'approve': {
      const digest = digestOf(event.image);
      if (event.tag !== undefined && !repository.isTagLocked(event.tag)) repository.tag(event.tag, digest);
      world.now += 1;
      const approval = approvalOf({
        id: `a${world.approvals.length}`,
        digest,
        environment: event.environment,
        requestedAt: world.now,
        retainFor: event.days * msPerDay,
        retainReleases: event.releases,
        state: 'requested',
        ...(event.rollback === undefined ? {} : { rollbackDigest: digestOf(event.rollback) }),
        ...(event.tag === undefined ? {} : { tag: event.tag, lockTag: true }),
      });
      world.approvals = [...world.approvals, approval];
      return;
    }
    case 'enforce':
      run(world, event);
      return;
    case 'wait':
      world.now += event.days * msPerDay;
      return;
    case 'judge':
      change(world, event.which, (approval) =>
        advanced(approval, { event: 'judged', outcome: event.outcome }),
      );
      return;
    case 'end':
      change(world, event.which, (approval) =>
        advanced(approval, { event: 'ended-early', by: 'release-2', at: world.now, reason: 'withdrawn' }),
      );
      return;
    case 'fail':
      change(world, event.which, (approval) => advanced(approval, { event: 'failed', reason: '401' }));
      return;
    case 'unlock':
      repository.unlock(event.digest);
      return;
    case 'move-tag':
      if (!repository.isTagLocked(event.tag)) repository.tag(event.tag, event.digest);
      return;
    case 'hold': {
      const id = `h${world.holds.length}`;
      const approval = world.approvals[(event.which ?? 0) % Math.max(world.approvals.length, 1)]?.id;
      const scope =
        approval === undefined || event.which === null
          ? {}
          : { scope: { kind: 'approval' as const, approval } };
      world.holds = [...world.holds, repositoryHold({ id, ...scope })];
      return;
    }
    case 'lift':
      world.holds = world.holds.map((hold) => {
        const asked = advanceHold(hold, { event: 'lift-asked', by: 'legal-1' });
        const agreed =
          asked.outcome === 'advanced'
            ? advanceHold(asked.hold, { event: 'lift-agreed', by: 'legal-2', at: world.now })
            : asked;
        return agreed.outcome === 'advanced' ? agreed.hold : hold;
      });
  }
}

/** One run, perhaps killed, with every write checked. */
function run(world: World, given: Extract<Happening, { what: 'enforce' }>): void {
  const { repository, now } = world;
  repository.unreadable.clear();
  if (given.unreadable !== undefined) repository.unreadable.add(given.unreadable);
  repository.setCoverage({ complete: given.complete, fresh: given.fresh }, given.answers !== 'unknown');
  repository.uses.clear();
  if (given.answers === 'some-used')
    for (const name of ['i1', 'c0']) repository.uses.set(digestOf(name), 'used');

  const situation = repository.situation(world.approvals, world.holds, now);
  const plan = planLocks(situation);
  const exposed = new Set([...repository.content.keys()].filter((digest) => isExposed(repository, digest)));
  const done = new Set<string>();
  let left = given.cut ?? Number.POSITIVE_INFINITY;
  for (const step of plan.steps) {
    if (step.step === 'unlock') {
      // No unlock without complete and fresh coverage, nor of anything that is, or may be, used.
      expect(situation.coverage).toEqual({ complete: true, fresh: true });
      const asked = [
        ...(step.target.kind === 'manifest' ? [step.target.digest] : []),
        ...step.record.roots,
        ...step.record.needs,
      ];
      expect(asked.map((digest) => situation.uses.get(digest))).toEqual(asked.map(() => 'unused'));
    }
    for (const write of repository.writesOf(step, now)) {
      if (left <= 0) return;
      left -= 1;
      write();
      expectOrdered(repository, exposed);
    }
    if (step.step === 'lock') done.add(targetKey(step.target));
  }
  expectWindowsLocked(world, given.unreadable);
  const due = eventsDue({
    windows: situation.windows,
    protections: plan.protections,
    done,
    owned: [...repository.owned.values()],
  });
  for (const { approval, event } of due) {
    const result = advance(approval, event);
    expect(result.outcome).toBe('advanced');
    if (result.outcome !== 'advanced') continue;
    if (result.approval.state === 'protected') expectWholeClosureLocked(repository, approval);
    world.approvals = world.approvals.map((other) => (other.id === approval.id ? result.approval : other));
  }
}

/** Whether a manifest is locked, and something it needs is not. */
function isExposed(repository: ProtectedRepository, digest: Digest): boolean {
  const { children = [], referrers = [] } = repository.content.get(digest) ?? {};
  return repository.isLocked(digest) && ![...children, ...referrers].every(repository.isLocked);
}

/**
 * At every write, in locking as in unlocking: no readable manifest is locked without everything it needs, except those that
 * the run found so, because somebody had unlocked a part or a part was only now read.
 */
function expectOrdered(repository: ProtectedRepository, exposedAtStart: ReadonlySet<Digest>): void {
  const exposed = [...repository.content.keys()].filter(
    (digest) =>
      !exposedAtStart.has(digest) && !repository.unreadable.has(digest) && isExposed(repository, digest),
  );
  expect(exposed).toEqual([]);
}

/** After a run that was not killed, everything known to belong to a digest inside a window is locked. */
function expectWindowsLocked(
  { repository, approvals, holds, now }: World,
  unreadable: Digest | undefined,
): void {
  const graph = {
    manifests: new Map(
      [...repository.content].map(([digest, { children = [], referrers = [] }]) => [
        digest,
        digest === unreadable
          ? ({ state: 'unreadable', reason: '503' } as const)
          : ({ state: 'read', children, referrers: referrers.map((found) => ({ digest: found })) } as const),
      ]),
    ),
    tags: new Map<string, Digest>(),
  };
  for (const { approval } of windowsAt(approvals, holds, now).filter(isOpen)) {
    const members = rootsOf(approval).flatMap((root) => closureOf(root, graph).members);
    expect(members.filter(({ digest }) => !repository.isLocked(digest))).toEqual([]);
    const { tag, lockTag, digest } = approval;
    if (tag !== undefined && lockTag && repository.tags.get(tag)?.digest === digest) {
      expect(repository.isTagLocked(tag)).toBe(true);
    }
  }
}

function expectWholeClosureLocked(repository: ProtectedRepository, approval: Approval): void {
  const left = [...rootsOf(approval)];
  for (const digest of left) {
    expect(repository.isLocked(digest)).toBe(true);
    const { children = [], referrers = [] } = repository.content.get(digest) ?? {};
    left.push(...children, ...referrers);
  }
}

function begin(): World {
  return { repository: protectedRepository(world()), approvals: [], holds: [], now: start };
}

const calm: Happening = {
  what: 'enforce',
  cut: undefined,
  complete: true,
  fresh: true,
  answers: 'unused',
  unreadable: undefined,
};

describe('a repository whatever happens to it', () => {
  it('when runs are killed anywhere and run again, windows are locked, order holds and doubt unlocks nothing', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 25, size: 'max' }), (happenings) => {
        const world = begin();
        for (const event of happenings) happen(world, event);
        happen(world, calm);
        // What is settled stays: the next run has nothing left to do for anything inside a window.
        const plan = world.repository.plan(world.approvals, world.now, world.holds);
        expect(plan.steps.filter(({ step }) => step === 'lock')).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('when all windows are over and nothing is used, held or in doubt, no lock of ours is left and every approval is released (F9)', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 20, size: 'max' }), (happenings) => {
        const world = begin();
        for (const event of happenings) happen(world, event);
        happen(world, { what: 'lift' });
        for (let index = 0; index < world.approvals.length; index += 1)
          happen(world, { what: 'end', which: index });
        for (let round = 0; round < 4; round += 1) happen(world, calm);
        expect([...world.repository.owned.values()]).toEqual([]);
        expect([...world.repository.locks.keys()].filter(world.repository.isLocked)).toEqual([]);
        expect(world.approvals.filter(({ state }) => state !== 'released' && state !== 'failed')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
