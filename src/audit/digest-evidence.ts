import type { RepositoryId } from '../history/fact.ts';
import type { Edge, ManifestHead } from '../history/head.ts';
import type { ManifestDescription } from '../history/observation.ts';
import type { Referrer } from '../protection/closure.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';

/** Items of a list, of which there may be more than are given. */
export interface Some<T> {
  readonly items: readonly T[];
  readonly isMore: boolean;
}

/** A tag that points, or pointed, to a manifest, and what it was last seen to allow when that was not everything. */
export interface TagOfDigest extends Edge {
  readonly locks?: LockState;
}

/** Everything known of a manifest in a repository. */
export interface DigestEvidence {
  readonly head?: ManifestHead;
  readonly description?: ManifestDescription;
  /** What it was last seen to allow, when that was not everything. */
  readonly locks?: LockState;
  readonly tags: Some<TagOfDigest>;
  /** Manifests that it lists, when it is an index. */
  readonly children: Some<ManifestChild>;
  /** Indexes that list it. */
  readonly parents: Some<Digest>;
  readonly referrers: Some<Referrer>;
}

/** Reads what is known of manifests. */
export interface EvidenceReader {
  /** At most `limit` items of each list. */
  evidence(repository: RepositoryId, digest: Digest, limit: number): Promise<DigestEvidence>;
  /** The same without the locks of tags, of which each takes a query: five queries, and one for what an index lists. */
  evidenceButTagLocks(repository: RepositoryId, digest: Digest, limit: number): Promise<DigestEvidence>;
  /** What a tag was last seen to allow, when that was not everything. */
  locksOfTag(repository: RepositoryId, tag: string): Promise<LockState | undefined>;
}
