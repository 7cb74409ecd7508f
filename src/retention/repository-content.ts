import type { RepositoryId } from '../history/fact.ts';
import type { UseAnswer } from '../protection/lock-situation.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';

/** A tag as its registry has it now. Times are epoch milliseconds. */
export interface RetentionTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly createdAt: number;
  /** When it was last pushed. */
  readonly updatedAt: number;
  readonly locks: LockState;
}

/** A manifest as its registry has it now, with what history knows of it. */
export interface RetentionManifest {
  readonly digest: Digest;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly mediaType?: string;
  /** Bytes of the image as the registry counts them. */
  readonly size?: number;
  readonly locks: LockState;
  /** What an index lists; absent on what lists nothing, or could not be read. */
  readonly children?: readonly Digest[];
  /** What it signs, describes or attests. */
  readonly subject?: Digest;
  /** Whether nobody could read its document, so that it may list what nobody knows of. */
  readonly isUnreadable?: boolean;
  /** When a tag last pointed to it, in epoch milliseconds, where history knows. */
  readonly lastTagged?: number;
}

/** Why an approval or a hold keeps a digest. */
export interface Kept {
  readonly code: 'approved' | 'rollback-window' | 'held';
  /** The approval's or hold's id. */
  readonly by: string;
}

/** Everything that decides what of a repository may go. */
export interface RepositoryContent {
  readonly repository: RepositoryId;
  readonly tags: readonly RetentionTag[];
  readonly manifests: readonly RetentionManifest[];
  /** Digests that are used, by workload texts; `isExact` when some platform reported it. A digest of no entry is not claimed. */
  readonly uses: ReadonlyMap<Digest, { readonly isExact: boolean; readonly workloads: readonly string[] }>;
  /** What an answer of "not claimed" is worth: anything but `unused` keeps everything. */
  readonly unclaimed: UseAnswer;
  /** Of `unclaimed` that is `unknown`: whether a source is incomplete or only too old. */
  readonly doubt?: 'coverage-incomplete' | 'source-stale';
  readonly kept: ReadonlyMap<Digest, readonly Kept[]>;
  /** Locks that this audit set, by digest or tag: what is locked and not here, somebody else locked. */
  readonly ownLocks: ReadonlySet<string>;
  /** Digests that soft delete keeps. */
  readonly softDeleted: ReadonlySet<Digest>;
  /** Epoch milliseconds. */
  readonly now: number;
}
