import type { DesiredLocks } from './desired-locks.ts';
import type { Needs } from './lock-order.ts';
import type { LockSituation } from './lock-situation.ts';
import type { LockFlags, LockTarget } from './lock-target.ts';
import { type LockSeen, notLookedAt } from './locks-seen.ts';
import type { OwnedLock } from './owned-lock.ts';

/** What every part of one planning looks at. */
export interface Planning {
  readonly situation: LockSituation;
  readonly desired: DesiredLocks;
  readonly owned: ReadonlyMap<string, OwnedLock>;
  readonly needs: Needs;
}

/** The lock of a target as seen; what was not looked at is unreadable. */
export function seenOf({ seen }: LockSituation, target: LockTarget): LockSeen {
  return (
    (target.kind === 'manifest' ? seen.manifests.get(target.digest) : seen.tags.get(target.tag)) ??
    notLookedAt
  );
}

/** What locking may change of a lock. */
export function flagsOf({ canDelete, canWrite }: LockFlags): LockFlags {
  return { canDelete, canWrite };
}
