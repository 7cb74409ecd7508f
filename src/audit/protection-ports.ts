import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { InventoryCoverage, UseAnswer } from '../protection/lock-situation.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';

/** Where the approvals of a registry are, and which repositories are protected. Every call may be repeated. */
export interface ProtectionIndex {
  /** Notes an approval before it is recorded, so that none is recorded that cannot be found. */
  note(registry: string, approval: string, repository: string): Promise<void>;
  /** The repository of an approval. */
  repositoryOf(registry: string, approval: string): Promise<string | undefined>;
  /** Approvals newest first, at most `limit`, after one. */
  page(
    registry: string,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly { approval: string; repository: string }[]; readonly next?: string }>;
  /** Repositories that have approvals or locks of ours. */
  repositories(registry: string): AsyncIterable<string>;
  isProtected(registry: string, repository: string): Promise<boolean>;
  /** Epoch milliseconds of the last run that found every lock of the repository as it should be. */
  lastWhole(registry: string, repository: string): Promise<number | undefined>;
  whole(registry: string, repository: string, at: number): Promise<void>;
}

/** Whether workloads use digests, as far as inventories say. */
export interface Uses {
  of(
    repository: RepositoryId,
    digests: readonly Digest[],
  ): Promise<{ readonly uses: ReadonlyMap<Digest, UseAnswer>; readonly coverage: InventoryCoverage }>;
}

/** What history knows of a repository's tags and locks. */
export interface KnownLocks {
  /** Tags that begin with a text, and what they point to; bounded. */
  tagsWith(repository: RepositoryId, prefix: string): Promise<ReadonlyMap<string, Digest>>;
  /** Tags and manifests that were last seen to forbid something; at most `limit`. */
  locked(
    repository: RepositoryId,
    limit: number,
  ): Promise<readonly ({ readonly locks: LockState } & ({ tag: string } | { digest: Digest }))[]>;
  /** Who pushed a digest last, where that is known. */
  pusher(repository: RepositoryId, digest: Digest): Promise<string | undefined>;
}

/** A push as an event told it: its tag, digest, time (epoch milliseconds) and event id. */
export interface TagPush {
  readonly tag: string;
  readonly digest: string;
  readonly at: number;
  readonly id: string;
}

/** A repository whose protection has to be looked at. */
export interface EnforcementRequest extends RepositoryId {
  /** A push that the policy may want to be approved at once. */
  readonly push?: TagPush;
  /** The number of a begin: an enforcement that was begun later, and ended well, answers it. */
  readonly afterTurn?: number;
}

/** Hands enforcements on to be made one by one. */
export interface EnforcementQueue {
  /** Has it made soon, in an enforcement that begins after now; after some milliseconds where told so. */
  add(request: EnforcementRequest, delayMs?: number): Promise<void>;
}

/** Told of every fact that was recorded, at least once. */
export type OnRecorded = (record: AuditRecord) => Promise<void>;

/** Makes ids that nobody can guess or repeat. */
export interface Ids {
  /** 12 random characters of `0-9a-f`. */
  random(): string;
  /** 12 characters of `0-9a-f` that are the same for the same text. */
  of(text: string): string;
}
