import type { Digest } from '../registry/digest.ts';
import { gapsOf } from './closure.ts';
import type { DesiredLocks } from './desired-locks.ts';
import { coversRepository } from './hold.ts';
import { type Needs, neededBy } from './lock-order.ts';
import type { LockSituation } from './lock-situation.ts';
import type { OwnedLock } from './owned-lock.ts';

/** Why a lock that no window wants any more is not undone yet. */
export interface UnlockRefusal {
  readonly code: /** An open window rests on it after all: its tag has moved, or its closure has changed. */
    | 'in-window'
    /** A legal hold covers its repository or an approval it was set for. */
    | 'held'
    /** Workloads use it, or something it belongs to or keeps. */
    | 'in-use'
    | 'use-unknown'
    /** Some source of uses was not read, or not completely. */
    | 'coverage-incomplete'
    /** Some source of uses was read too long ago. */
    | 'coverage-stale'
    /** What is protected in the repository could not be read completely: this may be part of it. */
    | 'closure-incomplete'
    /** Something that stays locked needs it. */
    | 'needed'
    /** Its present lock could not be read. */
    | 'unreadable';
  readonly detail: string;
}

/** Why a recorded lock that is not desired may not be undone; empty when it may. Doubt is a reason. */
export function refusalsToUnlock(
  lock: OwnedLock,
  situation: LockSituation,
  desired: DesiredLocks,
  needs: Needs,
): readonly UnlockRefusal[] {
  return [
    ...windowRefusals(lock, desired),
    ...holdRefusals(lock, situation),
    ...coverageRefusals(situation),
    ...useRefusals(lock, situation, needs),
    ...closureRefusals(desired),
  ];
}

function windowRefusals(lock: OwnedLock, { open }: DesiredLocks): readonly UnlockRefusal[] {
  return open
    .filter(({ id }) => lock.approvals.includes(id))
    .map(({ id }) => ({ code: 'in-window', detail: `the window of approval ${id} is open` }));
}

function holdRefusals(lock: OwnedLock, { holds, repository }: LockSituation): readonly UnlockRefusal[] {
  return holds
    .filter(
      (hold) =>
        coversRepository(hold, repository) ||
        (hold.state !== 'lifted' &&
          hold.scope.kind === 'approval' &&
          lock.approvals.includes(hold.scope.approval)),
    )
    .map(({ id }) => ({ code: 'held', detail: `hold ${id} is not lifted` }));
}

function coverageRefusals({ coverage }: LockSituation): readonly UnlockRefusal[] {
  return [
    ...(coverage.complete
      ? []
      : [{ code: 'coverage-incomplete' as const, detail: 'not every source of uses was read completely' }]),
    ...(coverage.fresh
      ? []
      : [{ code: 'coverage-stale' as const, detail: 'a source of uses is out of date' }]),
  ];
}

/**
 * A use of an index may be reported as one of its children, and the other way round: everything the lock keeps is asked
 * for, and the digests it was set for.
 */
function useRefusals(lock: OwnedLock, { uses }: LockSituation, needs: Needs): readonly UnlockRefusal[] {
  const own = lock.target.kind === 'manifest' ? [lock.target.digest] : [];
  const asked: readonly Digest[] = [...neededBy([...own, ...lock.roots, ...lock.needs], needs)];
  const used = asked.filter((digest) => uses.get(digest) === 'used');
  const unknown = asked.filter((digest) => (uses.get(digest) ?? 'unknown') === 'unknown');
  return [
    ...used.map((digest) => ({ code: 'in-use' as const, detail: `${digest} is used` })),
    ...unknown.map((digest) => ({
      code: 'use-unknown' as const,
      detail: `nothing is known of uses of ${digest}`,
    })),
  ];
}

/** What is missing from the registry cannot keep anything else; what was not read may. */
function closureRefusals({ closures }: DesiredLocks): readonly UnlockRefusal[] {
  return closures
    .filter((closure) => gapsOf(closure).some(({ reason }) => reason !== 'missing'))
    .map(({ root }) => ({
      code: 'closure-incomplete',
      detail: `what belongs to ${root}, which is protected, was not read completely`,
    }));
}
