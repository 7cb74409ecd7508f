import type { Digest } from '../registry/digest.ts';
import { gapsOf } from './closure.ts';
import type { DesiredLocks } from './desired-locks.ts';
import { coversApproval, coversRepository, type Hold } from './hold.ts';
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

/**
 * Answers why a recorded lock that is not desired may not be undone; nothing when it may. Doubt is a reason. What holds for
 * the whole repository is found out once.
 */
export function unlockRefusals(
  situation: LockSituation,
  desired: DesiredLocks,
  needs: Needs,
): (lock: OwnedLock) => readonly UnlockRefusal[] {
  const ofAll = [
    ...situation.holds.filter((hold) => coversRepository(hold, situation.repository)).map(heldBy),
    ...coverageRefusals(situation),
    ...closureRefusals(desired),
  ];
  const open = new Set(desired.open.map(({ id }) => id));
  const useOf = usesWithin(situation, needs);
  return (lock) => [
    ...lock.approvals
      .filter((id) => open.has(id))
      .map((id) => ({ code: 'in-window' as const, detail: `the window of approval ${id} is open` })),
    ...situation.holds.filter((hold) => lock.approvals.some((id) => coversApproval(hold, id))).map(heldBy),
    ...ofAll,
    ...useRefusals(lock, useOf),
  ];
}

function heldBy({ id }: Hold): UnlockRefusal {
  return { code: 'held', detail: `hold ${id} is not lifted` };
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

/** One digest of each doubtful kind is enough of a reason. */
interface UseWithin {
  readonly used: Digest | undefined;
  readonly unknown: Digest | undefined;
}

/** Answers the uses of a digest and of everything it needs. */
function usesWithin({ uses }: LockSituation, needs: Needs): (digest: Digest) => UseWithin {
  const known = new Map<Digest, UseWithin>();
  return (digest) => {
    const before = known.get(digest);
    if (before !== undefined) return before;
    const asked = [...neededBy([digest], needs)];
    const found = {
      used: asked.find((one) => uses.get(one) === 'used'),
      unknown: asked.find((one) => (uses.get(one) ?? 'unknown') === 'unknown'),
    };
    known.set(digest, found);
    return found;
  };
}

/**
 * A use of an index may be reported as one of its children, and the other way round: everything the lock keeps is asked
 * for, and everything of the digests it was set for.
 */
function useRefusals(lock: OwnedLock, useOf: (digest: Digest) => UseWithin): readonly UnlockRefusal[] {
  const own = lock.target.kind === 'manifest' ? [lock.target.digest] : [];
  const asked = [...own, ...lock.roots].map(useOf);
  const used = asked.find((one) => one.used !== undefined)?.used;
  const unknown = asked.find((one) => one.unknown !== undefined)?.unknown;
  return [
    ...(used === undefined ? [] : [{ code: 'in-use' as const, detail: `${used} is used` }]),
    ...(unknown === undefined
      ? []
      : [{ code: 'use-unknown' as const, detail: `nothing is known of uses of ${unknown}` }]),
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
