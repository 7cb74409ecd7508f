import type { RepositoryId } from '../history/fact.ts';
import type { UseAnswer } from '../protection/lock-situation.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';

/** A tag that is there, as history and comparisons know it. Times are epoch milliseconds. */
export interface RetentionTag {
  readonly tag: string;
  readonly digest: Digest;
  /** When it was last pushed. */
  readonly pushedAt: number;
  readonly locks: LockState;
}

/** A manifest that is there, as history and comparisons know it. Times are epoch milliseconds. */
export interface RetentionManifest {
  readonly digest: Digest;
  /** When anything last happened to it: a push, a tag that came, moved on or went. */
  readonly changedAt: number;
  readonly mediaType?: string;
  /** Bytes of the image as the registry counts them. */
  readonly size?: number;
  readonly locks: LockState;
  /** Whether its document, or what an index says of it, was recorded: what is not may list, or be about, anything. */
  readonly isDescribed: boolean;
  /** Whether its document could not be read. */
  readonly isUnreadable: boolean;
  /** What it lists; empty on what lists nothing. */
  readonly children: readonly Digest[];
  /** What it signs, describes or attests. */
  readonly subject?: Digest;
}

/** What is present of a repository, all of it. */
export interface RecordedRepository {
  readonly repository: RepositoryId;
  readonly tags: readonly RetentionTag[];
  readonly manifests: readonly RetentionManifest[];
}

/** Why an approval or a hold keeps a digest. */
export interface Kept {
  readonly code: 'approved' | 'rollback-window' | 'held';
  /** The approval's or hold's id. */
  readonly by: string;
}

/** Workloads that need something, by their texts for people. */
export interface NeededBy {
  /** Whether some platform reported the digest, or names it: otherwise it is concluded from a tag's history. */
  readonly isExact: boolean;
  readonly workloads: readonly string[];
}

/** Everything that decides what of a repository may go. */
export interface RepositoryContent extends RecordedRepository {
  /** Digests that workloads need by themselves: what indexes and referrers add is concluded from these. */
  readonly uses: ReadonlyMap<Digest, NeededBy>;
  /** Tags that workloads name: without them they could not be started again. */
  readonly tagUses: ReadonlyMap<string, NeededBy>;
  /** What "no workload needs it" is worth: anything but `unused` keeps everything. */
  readonly unclaimed: Exclude<UseAnswer, 'used'>;
  /** Of `unknown`: sources that are incomplete, or read too long ago, and others; for people. */
  readonly doubts: readonly {
    readonly code: 'coverage-incomplete' | 'source-stale';
    readonly detail: string;
  }[];
  readonly kept: ReadonlyMap<Digest, readonly Kept[]>;
  /** A hold on the whole repository, or registry: its id. */
  readonly heldBy?: string;
  /** Locks that this audit set, by digest or tag: what is locked and not here, somebody else locked. */
  readonly ownLocks: ReadonlySet<string>;
  /** Digests of manifests that were deleted and that soft delete still keeps; absent when nobody knows. */
  readonly softDeleted?: ReadonlySet<Digest>;
  /** When the repository was last compared whole with its registry, in epoch milliseconds; absent: never. */
  readonly comparedAt?: number;
  /** Epoch milliseconds. */
  readonly now: number;
}
