import type { Referrer } from '../protection/closure.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { Manifest } from '../registry/manifest.ts';

/** A tag as its registry lists it. Times are epoch milliseconds. */
export interface TagSeen {
  readonly tag: string;
  readonly digest: Digest;
  readonly createdAt: number;
  /** When it was last pushed; a change of locks leaves it as it was. */
  readonly updatedAt: number;
  readonly locks: LockState;
}

/** A manifest as its registry lists it. Times are epoch milliseconds. */
export interface ManifestSeen {
  readonly digest: Digest;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly mediaType?: string;
  /** Bytes of the image. */
  readonly size?: number;
  readonly architecture?: string;
  readonly os?: string;
  /** Whether some tag points to it. */
  readonly isTagged: boolean;
  readonly locks: LockState;
}

/**
 * Reads what a registry holds now. Lists come page by page, in the registry's order; a page is never cut short
 * silently: what cannot be read throws an AuditFault, retryable when the registry was busy (429, 5xx) or silent, and
 * permanent when it refused (401, 403) or answered what cannot be read.
 */
export interface RegistryContent {
  repositories(): AsyncIterable<readonly string[]>;
  /** Nothing when the repository isn't there. */
  tags(repository: string): AsyncIterable<readonly TagSeen[]>;
  /** Nothing when the repository isn't there. */
  manifests(repository: string): AsyncIterable<readonly ManifestSeen[]>;
  /** As {@link RegistryContent.manifests}, in short pages, those first that changed last; a change of locks does not count. */
  newestManifests(repository: string): AsyncIterable<readonly ManifestSeen[]>;
  /** One tag, read by itself: lists may be stale. `undefined` only when the registry says that it isn't there. */
  tag(repository: string, tag: string): Promise<TagSeen | undefined>;
  manifest(repository: string, digest: Digest): Promise<ManifestSeen | undefined>;
  /** The manifest's own document; `undefined` only when the registry says that it isn't there. */
  document(repository: string, digest: Digest): Promise<Manifest | undefined>;
  /**
   * What names the manifest as its subject, in no order: none too when the registry has no such manifest. `undefined` when it
   * has no API for it, as with customer-managed keys, which isn't the same as none: referrers are under tags then
   * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema).
   */
  referrers(repository: string, digest: Digest): Promise<readonly Referrer[] | undefined>;
}
