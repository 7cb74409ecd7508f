import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';

/** A manifest that soft delete keeps. Times are epoch milliseconds. */
export interface DeletedManifest {
  readonly digest: Digest;
  readonly deletedAt?: number;
  readonly mediaType?: string;
  /** Bytes of the image. */
  readonly size?: number;
}

/** A tag that soft delete keeps, and what it pointed to; a tag that was deleted several times is kept as often. */
export interface DeletedTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly deletedAt?: number;
}

/**
 * What became of one restoration. `missing`: soft delete keeps no such manifest. `refused`: a right that is missing, a lock,
 * or a tag that points to something else by now, with the fault's code, such as `registry-409`.
 */
export type RestoreOutcome =
  | { readonly outcome: 'restored' | 'missing' }
  | { readonly outcome: 'refused'; readonly code: string };

/**
 * What a registry's soft delete keeps, and its return. Lists come page by page and throw what `RegistryContent` throws; a
 * registry without soft delete has none.
 */
export interface DeletedImages {
  manifests(repository: string): AsyncIterable<readonly DeletedManifest[]>;
  tags(repository: string): AsyncIterable<readonly DeletedTag[]>;
  /**
   * Restores one manifest, and the tag that is named; never what it lists or what is about it. A manifest that is there gets
   * the tag. A tag that points to something else is never moved.
   */
  restore(repository: string, digest: Digest, tag?: string): Promise<RestoreOutcome>;
}

/** Reads what history knows to have been about a manifest: what is deleted, the registry lists no more. */
export interface RecordedReferrers {
  referrers(repository: RepositoryId, digest: Digest): Promise<readonly Digest[]>;
}
