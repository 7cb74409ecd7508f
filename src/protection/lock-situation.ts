import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { Closure } from './closure.ts';
import type { Hold } from './hold.ts';
import type { LocksSeen } from './locks-seen.ts';
import type { OwnedLock } from './owned-lock.ts';
import type { ApprovalWindow } from './rollback-window.ts';

/** Whether workloads use a digest, as far as inventories say. */
export type UseAnswer = 'unused' | 'used' | 'unknown';

/** What inventories were read for an answer. */
export interface InventoryCoverage {
  /** Every source was read, and each completely. */
  readonly complete: boolean;
  /** None is older than it may be. */
  readonly fresh: boolean;
}

/** Everything a lock plan of one repository is made from. */
export interface LockSituation {
  readonly repository: RepositoryId;
  /** Of all its approvals; see `windowsAt`. */
  readonly windows: readonly ApprovalWindow[];
  readonly holds: readonly Hold[];
  /**
   * Of every digest that an open window keeps: one that is not here counts as unread. And, where they can be read, of the
   * roots of recorded locks, so that what was unread when it was locked is unlocked in order.
   */
  readonly closures: ReadonlyMap<Digest, Closure>;
  readonly seen: LocksSeen;
  /** Every lock recorded for the repository. */
  readonly owned: readonly OwnedLock[];
  /** A digest that is not here is unknown. */
  readonly uses: ReadonlyMap<Digest, UseAnswer>;
  readonly coverage: InventoryCoverage;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Epoch milliseconds of the last run that found every lock as it should be. */
  readonly lastWholeAt?: number;
}
