import type { Change } from '../history/change.ts';
import type { Entry } from '../history/entry.ts';
import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { Edge, ManifestHead, TagHead, Versioned } from '../history/head.ts';
import type { Instant } from '../history/instant.ts';
import type { JsonContent, Statement } from '../history/statement.ts';
import type { Digest } from '../registry/digest.ts';

/** The present time in epoch milliseconds. */
export interface Clock {
  now(): number;
}

/**
 * Compares our clock with storage's, which all instances share. @throws a retryable AuditFault when they are apart, or when
 * storage does not answer: what time decides is left to an instance whose clock is right.
 */
export type ClockCheck = () => Promise<void>;

/** Structured log lines; values may come from outside and are written as JSON, never as text. */
export interface Log {
  info(message: string, values?: Readonly<Record<string, unknown>>): void;
  warn(message: string, values?: Readonly<Record<string, unknown>>): void;
  error(message: string, values?: Readonly<Record<string, unknown>>): void;
}

/** The newest state of the tag and manifest that a fact concerns. */
export interface Heads {
  readonly tag?: Versioned<TagHead>;
  readonly manifest?: Versioned<ManifestHead>;
}

/** Reads what a fact has to be told against. Reads are consistent within a repository. */
export interface HistoryReader {
  heads(repository: RepositoryId, digest: Digest, tag: string | undefined): Promise<Heads>;
  /**
   * A manifest's head, and every tag that points, or pointed, to it. The head is no newer than what is said of any tag: a
   * push that came in between makes a commit over this head fail.
   */
  manifest(
    repository: RepositoryId,
    digest: Digest,
  ): Promise<{ readonly head?: Versioned<ManifestHead>; readonly edges: readonly Versioned<Edge>[] }>;
  /** A tag's entries, newest first, read as far as they are consumed. */
  tagEntries(repository: RepositoryId, tag: string): AsyncIterable<Entry>;
  /** A manifest's entries, newest first, read as far as they are consumed. */
  digestEntries(repository: RepositoryId, digest: Digest): AsyncIterable<Entry>;
  /** The entry of a record in a tag's timeline. */
  tagEntry(repository: RepositoryId, tag: string, at: Instant): Promise<Entry | undefined>;
  /** The entry of the audit record at an instant. */
  record(repository: RepositoryId, at: Instant): Promise<Entry | undefined>;
}

/** Writes what a fact changes. */
export interface HistoryWriter {
  /**
   * Commits the changes to one repository. They are one transaction up to a hundred rows; above that, the record's own
   * row is in the last, so that a crash in between is told again. `conflict`: a row was not as it was read, or, after
   * a lost answer, the changes may have been made already: read again and decide.
   */
  commit(repository: RepositoryId, changes: readonly Change[]): Promise<'committed' | 'conflict'>;
  /** Notes that a digest is, or was, in a repository. Repeating it changes nothing. */
  noteDigest(repository: RepositoryId, digest: Digest): Promise<void>;
}

/** The ledger's outbox: every record is announced before it is told, so that none is lost to a crash. */
export interface Outbox {
  /** `known`: a record with this instant was announced before and stays as it was. */
  announce(record: AuditRecord): Promise<'new' | 'known'>;
  /**
   * Announces facts of one registry together. `known`: some of them were announced before, and others may not be yet:
   * each has to be announced by itself.
   */
  announceAll(records: readonly AuditRecord[]): Promise<'new' | 'known'>;
  /**
   * Announces statements of one registry; one that was announced before stays as it was. `known`: some of them may have
   * been.
   */
  announceStatements(statements: readonly Statement[]): Promise<'new' | 'known'>;
  /** The record as first announced, while it isn't sealed. */
  announced(repository: RepositoryId, at: Instant): Promise<AuditRecord | undefined>;
  /** The statement as first announced, while it isn't sealed. */
  announcedStatement(repository: RepositoryId, at: Instant): Promise<Statement | undefined>;
}

/** Input that can't be recorded as history, kept with its reason. */
export interface Rejection {
  /** Login server of the registry, or `unknown`. */
  readonly registry: string;
  /** Stable code of the reason, such as `unreadable-event`. */
  readonly reason: string;
  readonly detail: string;
  readonly receivedAt: number;
  /** The raw input as JSON text; kept up to 64 KiB. */
  readonly payload: string;
}

/** Keeps rejected input; the same payload twice is kept once. */
export interface Rejections {
  keep(rejection: Rejection): Promise<void>;
}

/** A state that statements tell, as stored. */
export interface StoredState {
  readonly key: string;
  readonly content: JsonContent;
  /** The statement that told it. */
  readonly at: Instant;
  readonly version: string;
}

/** Reads the states that statements tell of a repository. */
export interface StateReader {
  state(repository: RepositoryId, key: string): Promise<StoredState | undefined>;
  /** Those whose keys begin with a prefix such as `a|`, in the order of their keys. */
  states(repository: RepositoryId, prefix: string): AsyncIterable<StoredState>;
}

/** What became of work that only one may do at a time. */
export type Held<T> = { readonly held: true; readonly result: T } | { readonly held: false };

/** Lets one instance at a time do something. */
export interface Leases {
  /**
   * Works while the lease of this name is held, and not at all while another holds it. The signal is aborted, with a
   * retryable AuditFault, when it is lost: another may begin then.
   */
  hold<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<Held<T>>;
}

/** Counts of changes that comparisons found. */
export interface ChangeCounts {
  readonly pushes: number;
  readonly untags: number;
  readonly deletions: number;
  readonly lockChanges: number;
}

/**
 * Comparisons that found something and have not ended. What they recorded is found by no other comparison, so whoever compares
 * the repository next tells of it.
 */
export interface UntoldComparisons {
  /** Notes that a comparison that began at a time finds something; one that began earlier, and has not ended, stays noted. */
  begin(repository: RepositoryId, startedAt: number): Promise<void>;
  /** When the earliest began that has not ended, in epoch milliseconds. */
  since(repository: RepositoryId): Promise<number | undefined>;
  /** What comparisons recorded at a time or later, newest push time first. */
  recorded(repository: RepositoryId, since: number): AsyncIterable<AuditRecord>;
  /** Notes that all is told. */
  end(repository: RepositoryId): Promise<void>;
}

/** Changes that no event had announced when a comparison found them. */
export interface UnannouncedChanges {
  /** Notes what the comparison of a repository that began at `startedAt` has found so far. */
  note(registry: string, repository: string, startedAt: number, found: ChangeCounts): Promise<void>;
  /** The sum of what comparisons found that began at a time or later. */
  since(registry: string, time: number): Promise<ChangeCounts>;
}
