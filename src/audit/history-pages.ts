import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { TagHead } from '../history/head.ts';
import type { Digest } from '../registry/digest.ts';

/** Which history is asked for: a registry's, a repository's, a tag's or a digest's (of a tag, when both are given). */
export interface HistoryScope {
  readonly registry: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** An entry with the repository it belongs to, and the tag whose timeline it was read from. */
export interface PlacedEntry extends RepositoryId {
  readonly entry: Entry;
  readonly tag?: string;
  /** Continues the listing after this entry. */
  readonly position: string;
}

/** A span of a history listing, newest first. */
export interface HistorySpan {
  readonly scope: HistoryScope;
  /** Epoch milliseconds, both included. */
  readonly from?: number;
  readonly to?: number;
  /** Position after which the span goes on. */
  readonly after?: string;
}

/** Reads histories in pages. Positions stay where they are while new events arrive. */
export interface HistoryPages {
  /** At most `limit` entries; `next` is the position to go on from, absent at the end. */
  page(span: HistorySpan, limit: number): Promise<{ entries: readonly PlacedEntry[]; next?: string }>;
  /** The entry that began what the tag pointed to at a time (or the one that ended it). */
  entryAsOf(repository: RepositoryId, tag: string, time: number): Promise<Entry | undefined>;
  tagHead(repository: RepositoryId, tag: string): Promise<TagHead | undefined>;
}

/** How far a registry's history has come. */
export interface RegistryProgress {
  /** The newest event by the registry's time, in epoch milliseconds, and when it was recorded. */
  readonly lastEventAt?: number;
  readonly lastRecordedAt?: number;
  /** Rejected inputs kept, counted up to 1,000. */
  readonly rejected: number;
}

/** Reads how far histories have come. */
export interface Progress {
  of(registry: string): Promise<RegistryProgress>;
  /** Rejected inputs kept of a registry, counted up to 1,000. */
  rejected(registry: string): Promise<number>;
  /** Resolves when storage answers; throws otherwise. */
  check(): Promise<void>;
}
