import type { Digest } from '../registry/digest.ts';
import type { Attribution } from './attribution.ts';
import type { Instant } from './instant.ts';

/** The registry and repository a record belongs to; the registry by its login server, lower-case. */
export interface RepositoryId {
  readonly registry: string;
  readonly repository: string;
}

/** Where a fact is known from: the registry's event, a timed comparison with it, or its state when first seen. */
export type FactSource = 'event' | 'reconcile' | 'backfill';

/** What the client said of itself, as the registry reports it. Attacker-controlled text: encode it on output. */
export interface Client {
  readonly userAgent?: string;
  readonly address?: string;
  readonly actor?: string;
}

/** Whether a fact was found in the registry, where no event had told it, or not yet. */
export function isFound(fact: Fact): boolean {
  return fact.source !== 'event';
}

/** One thing that happened in a repository, as it was told: never edited after it is recorded. */
export interface Fact {
  /** Its id is the record's id. */
  readonly at: Instant;
  readonly action: 'push' | 'delete' | 'untag';
  /** Absent on deletes and on pushes by digest. */
  readonly tag?: string;
  readonly digest: Digest;
  /** Epoch milliseconds before which it cannot have happened, when the time is only known to be in a window. */
  readonly notBefore?: number;
  /** Epoch milliseconds at which it was first recorded. */
  readonly recordedAt: number;
  readonly source: FactSource;
  /** The event's own id, as it came. */
  readonly eventId: string;
  readonly client: Client;
  readonly mediaType?: string;
  /** Bytes. */
  readonly size?: number;
  /** Azure region of the replica that told it. */
  readonly location?: string;
  /** The registry's id of the request, to correlate with its logs. */
  readonly requestId?: string;
  /** Contradictions found and repairs made while reading it. */
  readonly notes?: readonly string[];
  /** Who did it, by the registry's log: learned later, so it is a record of its own and no part of this one's leaf. */
  readonly attribution?: Attribution;
}

/** A fact in the repository it belongs to: what the ledger seals. */
export interface AuditRecord extends RepositoryId {
  readonly fact: Fact;
}
