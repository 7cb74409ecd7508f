import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { Claim } from '../workloads/claim.ts';
import type { SourceState } from '../workloads/coverage.ts';
import type { KnownClaim } from '../workloads/use.ts';

/** What a look at a source changed. */
export interface ClaimChanges {
  readonly begun: number;
  readonly ended: number;
  /** Repositories some claim on which began or ended, whether audited or not. */
  readonly repositories: readonly RepositoryId[];
}

/** A claim in a listing. */
export interface PlacedClaim {
  readonly claim: KnownClaim;
  /** Continues the listing of its source after it. */
  readonly position: string;
}

/** Keeps which workloads claimed which images, and when. Methods throw a retryable AuditFault when storage does not answer. */
export interface Claims {
  /**
   * Says that a look that began at a time saw these, and, when it was complete, no others. Repeating it, or going on with
   * one that was cut off, does no harm.
   */
  see(
    source: string,
    claims: readonly Claim[],
    isComplete: boolean,
    at: number,
    signal?: AbortSignal,
  ): Promise<ClaimChanges>;
  /** Claims on a repository's images: those that are open, or those that were at a time. */
  ofRepository(repository: RepositoryId, at?: number): AsyncIterable<KnownClaim>;
  /** All claims on a repository's images that there ever were: those that are open, then those that ended. */
  everOfRepository(repository: RepositoryId): AsyncIterable<KnownClaim>;
  /** Claims of a source, as {@link Claims.ofRepository}. */
  ofSource(source: string, at?: number): AsyncIterable<KnownClaim>;
  /**
   * Some of them, by one query: at most `limit` (1 to 1,000), after a position where one is given. `next` is absent at the end;
   * a page may be short, or empty, before it.
   */
  pageOfSource(
    source: string,
    limit: number,
    options: { readonly at?: number | undefined; readonly after?: string | undefined },
  ): Promise<{ readonly items: readonly PlacedClaim[]; readonly next?: string }>;
  /** Repositories of a registry on which there is, or was, some claim. */
  repositories(registry: string): AsyncIterable<string>;
  /** Whether there is, or was, some claim on a repository; may be as much as a minute late to say so. */
  isClaimed(repository: RepositoryId): Promise<boolean>;
}

/** Keeps what looks at sources came to. */
export interface SourceStates {
  all(): Promise<readonly SourceState[]>;
  get(source: string): Promise<SourceState | undefined>;
  put(state: SourceState): Promise<void>;
}

/** Reads how manifests of a repository belong together, as history knows. */
export interface ManifestLinks {
  /** Indexes that list a manifest. */
  parents(repository: RepositoryId, digest: Digest): Promise<readonly Digest[]>;
  /** Manifests that an index lists. */
  children(repository: RepositoryId, digest: Digest): Promise<readonly Digest[]>;
  /** Tags that point, or ever pointed, to a manifest; `undefined` when they are too many to be read. */
  tagsEver(repository: RepositoryId, digest: Digest): Promise<readonly string[] | undefined>;
  /** What a manifest signs, describes or attests. */
  subject(repository: RepositoryId, digest: Digest): Promise<Digest | undefined>;
  /** Whether a manifest is there, or what it says of itself when history does not know. */
  presence(repository: RepositoryId, digest: Digest): Promise<'present' | 'deleted' | 'unknown'>;
  /** Repositories of any registry in which a digest is, or was. */
  places(digest: Digest): Promise<readonly RepositoryId[]>;
}

/** Reads the timelines of tags, newest first. */
export interface TagEntries {
  tagEntries(repository: RepositoryId, tag: string): AsyncIterable<Entry>;
}

/** Hands on that a source is to be read, or a repository's uses to be looked at. */
export interface InventoryQueue {
  /** Reads a source soon, in a look that begins after now. */
  refresh(source: string): Promise<void>;
  /** Looks at the uses of a repository soon, in a look that begins after now. */
  assess(repository: RepositoryId): Promise<void>;
}
