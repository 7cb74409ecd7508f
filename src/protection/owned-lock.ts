import type { Digest } from '../registry/digest.ts';
import type { LockFlags, LockTarget } from './lock-target.ts';

/** For whose sake something is locked: the lock's owners, its reason, and with their windows its end. */
export interface LockClaim {
  /** Ids of approvals, in order. */
  readonly approvals: readonly string[];
  /** The approved (or rollback) digests whose closures it belongs to, in order. */
  readonly roots: readonly Digest[];
  /** Manifests that have to be locked before it and unlocked after it, in order. */
  readonly needs: readonly Digest[];
}

/**
 * A lock that was set here, as it is recorded. The record is written before the registry is asked and removed after it was
 * asked to unlock: whatever happens in between, nothing is locked that nobody answers for.
 */
export interface OwnedLock extends LockClaim {
  readonly target: LockTarget;
  /** What was allowed before: what unlocking gives back. */
  readonly before: LockFlags;
  /** Epoch milliseconds at which it was recorded. */
  readonly setAt: number;
  /** Epoch milliseconds at which it was last set and read back; absent until it was. */
  readonly verifiedAt?: number;
}

/** Whether two claims say the same. */
export function isSameClaim(a: LockClaim, b: LockClaim): boolean {
  const lists = (claim: LockClaim) => JSON.stringify([claim.approvals, claim.roots, claim.needs]);
  return lists(a) === lists(b);
}
