import type { Digest } from '../registry/digest.ts';
import { inLockingOrder, neededBy } from './lock-order.ts';
import { flagsOf, type Planning, seenOf } from './lock-planning.ts';
import type { LockStep } from './lock-step.ts';
import { isLockedAtAll, type LockFlags, targetKey } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';
import { type UnlockRefusal, unlockRefusals } from './unlock-refusal.ts';

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
  const refusalsTo = unlockRefusals(situation, desired, needs);
  const staying = new Set<Digest>();
  // Of what is unlocked in this run, by what it needs.
  const unlocking = new Map<Digest, string[]>();
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
    const refusals = [...needed, ...refusalsTo(record)];
    const isOpenAlready = !isLockedAtAll(seen.lock);
    const isWanted = refusals.some(({ code }) => code === 'in-window');
    if (isOpenAlready && !isWanted) {
      steps.push({ step: 'forget', target });
    } else if (refusals.length > 0) {
      keep(record, refusals);
    } else {
      const waitsFor = target.kind === 'manifest' ? (unlocking.get(target.digest) ?? []) : [];
      steps.push(unlockStep(record, flagsOf(seen.lock), waitsFor));
      for (const digest of record.needs) {
        unlocking.set(digest, [...(unlocking.get(digest) ?? []), targetKey(target)]);
      }
    }
  }
  return { steps, kept };
}

/** Gives back what was allowed before: a lock that somebody else had set remains theirs. */
function unlockStep(lock: OwnedLock, before: LockFlags, waitsFor: readonly string[]): LockStep {
  const { target } = lock;
  const after = {
    canDelete: before.canDelete || lock.before.canDelete,
    canWrite: before.canWrite || lock.before.canWrite,
  };
  if (after.canDelete === before.canDelete && after.canWrite === before.canWrite)
    return { step: 'forget', target };
  const { verifiedAt: _, ...record } = lock;
  return { step: 'unlock', target, before, after, record, needs: waitsFor };
}
