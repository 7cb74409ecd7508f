import type { Digest } from '../registry/digest.ts';
import type { Instant } from './instant.ts';
import type { RecentPushes } from './recent-pushes.ts';
import type { Holding } from './tag-timeline.ts';

/** A row as it was read: a write may be made to depend on it being unchanged since. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: string;
}

/** The newest state of a tag: enough to tell the next push in order without reading the timeline. */
export interface TagHead {
  readonly tag: string;
  readonly holding: Holding;
  readonly endedAt?: Instant;
  /** The newest push told of it, copies to replicas included. */
  readonly newestPush: Instant;
  /** The oldest push told of it: from then on its history is known. */
  readonly oldestPush: Instant;
  /** The newest time it was found removed, whether that told something new or not. */
  readonly lastUntag?: Instant;
  readonly recent: RecentPushes;
}

/** The newest state of a manifest in its repository. */
export interface ManifestHead {
  readonly digest: Digest;
  readonly presence: 'present' | 'deleted';
  /** The newest push or delete told of it, copies to replicas included. */
  readonly newest: Instant;
  readonly lastDelete?: Instant;
  /** The newest push by digest, without a tag. */
  readonly lastDirectPush?: Instant;
  /** The newest fact that was found in the registry: an event may yet announce it. */
  readonly lastFound?: Instant;
}

/** That a tag points, or once pointed, to a digest: the last stretch in which it did. */
export interface Edge extends Holding {
  readonly tag: string;
  /** Absent while it does. */
  readonly until?: Instant;
}
