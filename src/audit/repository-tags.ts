import type { RepositoryId } from '../history/fact.ts';
import type { ManifestDescription } from '../history/observation.ts';
import type { Holding } from '../history/tag-timeline.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';

/** A tag that is there, with what is known of what it points to. */
export interface PresentTag {
  readonly tag: string;
  readonly holding: Holding;
  readonly description?: ManifestDescription;
  /** Some manifests that it lists, when it is an index. */
  readonly children: readonly ManifestChild[];
  /** What it, and its manifest, were last seen to allow, when that was not everything. */
  readonly locks?: LockState;
  readonly manifestLocks?: LockState;
}

/** Reads the tags of a repository by the page, in the order of their names. */
export interface RepositoryTags {
  /** At most `limit`; `next` is the tag to go on after, absent at the end. A page may be short, or empty, before it. */
  page(
    repository: RepositoryId,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly PresentTag[]; readonly next?: string }>;
}

/** Finds digests by how they begin. */
export interface DigestSearch {
  /** At most `limit` digests, each with a repository in which it is, or was. */
  beginningWith(
    prefix: string,
    limit: number,
  ): Promise<readonly (RepositoryId & { readonly digest: string })[]>;
}
