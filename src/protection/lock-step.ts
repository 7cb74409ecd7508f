import { type LockFlags, type LockTarget, targetKey } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';

/** One thing to do, in the order of the plan. */
export type LockStep =
  /**
   * Write the record, set the flags, read them back, then write the record again with `verifiedAt`. In this order: a crash
   * leaves a record without its lock, which the next run sets, and never a lock without its record.
   */
  | {
      readonly step: 'lock';
      readonly target: LockTarget;
      readonly before: LockFlags;
      readonly after: LockFlags;
      readonly record: OwnedLock;
      /** Keys of targets whose lock, if it is set in this run and fails, makes this one wait. */
      readonly needs: readonly string[];
    }
  /**
   * Write the record, which no longer says that the lock is verified; set the flags, read them back, then remove the record.
   * A crash in between is not taken for somebody else's doing.
   */
  | {
      readonly step: 'unlock';
      readonly target: LockTarget;
      readonly before: LockFlags;
      readonly after: LockFlags;
      readonly record: OwnedLock;
      readonly needs: readonly string[];
    }
  /** Write the record: the lock is as it should be, but not what is recorded of it. */
  | { readonly step: 'record'; readonly target: LockTarget; readonly record: OwnedLock }
  /** Remove the record: there is nothing left to undo. */
  | { readonly step: 'forget'; readonly target: LockTarget };

/** The steps that may still be done after one has failed: without it, and without those that wait for it. */
export function stepsWithout(steps: readonly LockStep[], failed: LockTarget): readonly LockStep[] {
  const out = new Set([targetKey(failed)]);
  return steps.filter((step) => {
    const waits = 'needs' in step && step.needs.some((key) => out.has(key));
    if (waits) out.add(targetKey(step.target));
    return !out.has(targetKey(step.target));
  });
}
