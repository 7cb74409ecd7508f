import type { Digest } from '../registry/digest.ts';
import { inLockingOrder, neededBy } from './lock-order.ts';
import { flagsOf, type Planning, seenOf } from './lock-planning.ts';
import type { LockStep } from './lock-step.ts';
import { isLockedAtAll, type LockFlags, targetKey } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';
import { refusalsToUnlock, type UnlockRefusal } from './unlock-refusal.ts';

/** A recorded lock that no window wants any more, and why it stays. */
export interface KeptLock {
  readonly lock: OwnedLock;
  readonly refusals: readonly UnlockRefusal[];
}

/** Plans which recorded locks that no window wants any more are undone, and says why the others stay. */
export function planUnlocking({ situation, desired, owned, needs }: Planning): {
  readonly steps: readonly LockStep[];
  readonly kept: readonly KeptLock[];
} {
  const steps: LockStep[] = [];
  const kept: KeptLock[] = [];
  const undesired = [...owned.values()].filter(({ target }) => !desired.locks.has(targetKey(target)));
  const staying = new Set<Digest>();
  const keep = (lock: OwnedLock, refusals: readonly UnlockRefusal[]) => {
    kept.push({ lock, refusals });
    const own = lock.target.kind === 'manifest' ? [lock.target.digest] : [];
    for (const digest of neededBy([...own, ...lock.needs], needs)) staying.add(digest);
  };
  // What is needed comes after everything that needs it, so that whether that stays is known.
  for (const record of inLockingOrder(undesired, needs).toReversed()) {
    const { target } = record;
    const seen = seenOf(situation, target);
    if (seen.state === 'missing') {
      steps.push({ step: 'forget', target });
      continue;
    }
    const needed: readonly UnlockRefusal[] =
      target.kind === 'manifest' && staying.has(target.digest)
        ? [{ code: 'needed', detail: `something that stays locked needs ${target.digest}` }]
        : [];
    if (seen.state === 'unreadable') {
      keep(record, [...needed, { code: 'unreadable', detail: seen.reason }]);
      continue;
    }
    const refusals = [...needed, ...refusalsToUnlock(record, situation, desired, needs)];
    const isOpenAlready = !isLockedAtAll(seen.lock);
    const isWanted = refusals.some(({ code }) => code === 'in-window');
    if (isOpenAlready && !isWanted) {
      steps.push({ step: 'forget', target });
    } else if (refusals.length > 0) {
      keep(record, refusals);
    } else {
      steps.push(unlockStep(record, flagsOf(seen.lock), steps));
    }
  }
  return { steps, kept };
}

/** Gives back what was allowed before: a lock that somebody else had set remains theirs. */
function unlockStep(lock: OwnedLock, before: LockFlags, earlier: readonly LockStep[]): LockStep {
  const { target } = lock;
  const after = {
    canDelete: before.canDelete || lock.before.canDelete,
    canWrite: before.canWrite || lock.before.canWrite,
  };
  if (after.canDelete === before.canDelete && after.canWrite === before.canWrite)
    return { step: 'forget', target };
  const dependents = earlier
    .filter(
      (step) =>
        step.step === 'unlock' && target.kind === 'manifest' && step.record.needs.includes(target.digest),
    )
    .map((step) => targetKey(step.target));
  const { verifiedAt: _, ...record } = lock;
  return { step: 'unlock', target, before, after, record, needs: dependents };
}
