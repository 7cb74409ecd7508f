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

/** What may not have been read of the tags of a page: it would have taken a query for each of them. */
export type TagDetail = 'content' | 'platforms' | 'locks' | 'manifest-locks';

/** Tags that are there now. */
export interface TagPage {
  readonly items: readonly PresentTag[];
  /** What was not read: that it is absent says nothing then. */
  readonly unread: ReadonlySet<TagDetail>;
  /** The tag to go on after, absent at the end. */
  readonly next?: string;
}

/** Reads the tags of a repository by the page, in the order of their names. */
export interface RepositoryTags {
  /**
   * At most `limit`. A page may be short, or empty, before the end. It takes five queries, and leaves unread what more would be
   * needed for; when all is wanted, it is read tag by tag.
   */
  page(
    repository: RepositoryId,
    limit: number,
    options?: { readonly after?: string | undefined; readonly areAllWanted?: boolean },
  ): Promise<TagPage>;
}

/** Finds digests by how they begin. */
export interface DigestSearch {
  /** At most `limit` digests, each with a repository in which it is, or was. */
  beginningWith(
    prefix: string,
    limit: number,
  ): Promise<readonly (RepositoryId & { readonly digest: string })[]>;
}
