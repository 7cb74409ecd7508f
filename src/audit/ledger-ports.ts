import type { NoteSignature, VerifierKey } from '../ledger/signed-note.ts';

/** Signs what logs say of themselves. A log's key is named like its origin, `acr-audit/<login server>`. */
export interface Signer {
  /** Signs a note's text for a log. Throws AuditFault, retryable where the key could not be reached. */
  sign(origin: string, text: string): Promise<readonly NoteSignature[]>;
  /** The public keys that {@link Signer.sign} signs with. */
  keys(origin: string): Promise<readonly VerifierKey[]>;
}

/** A second place that keeps checkpoints, which the writer's identity cannot rewrite. */
export interface Witness {
  /** As it is named in the status, such as `container`. */
  readonly name: string;
  /**
   * Gives it a checkpoint to keep; the same one again changes nothing. Throws AuditFault, not retryable where it holds
   * another checkpoint of that size.
   */
  publish(registry: string, size: number, note: string): Promise<void>;
}

/** A log's files, written once: https://c2sp.org/tlog-tiles, with `checkpoints/<size>` beside the tiles. */
export interface LedgerBlobs {
  /** `there`: a file of this path was written before, and stays as it is. */
  put(registry: string, path: string, bytes: Uint8Array): Promise<'written' | 'there'>;
  get(registry: string, path: string): Promise<Uint8Array | undefined>;
  /** Sizes of which there are checkpoints, in no order. */
  checkpoints(registry: string): Promise<readonly number[]>;
}

/** A record that waits to be sealed. */
export interface PendingRecord {
  /** Its place among those that wait: the order in which they came. */
  readonly key: string;
  /** Canonical text: the entry of the log. */
  readonly leaf: string;
}

/** What waits. */
export interface PendingRecords {
  /** Facts, and statements that are recorded. */
  readonly ready: readonly PendingRecord[];
  /** Statements that were announced an hour ago and not recorded since: whoever announced them gave up. */
  readonly refused: readonly PendingRecord[];
}

/** How far a log has come. */
export interface LedgerHead {
  /** Entries of the log. */
  readonly size: number;
  /** Entries of the log before its last batch. */
  readonly previousSize: number;
  /** The signed note of the size; absent while the log is empty. */
  readonly checkpoint?: string;
  /** Epoch milliseconds. */
  readonly sealedAt: number;
  /** The sizes that witnesses were last given, by their names. */
  readonly witnessed: Readonly<Record<string, number>>;
  /** Of the stored version; absent when nothing is stored. */
  readonly version?: string;
}

/** What one batch seals, and in which order: whoever writes it first decides. */
export interface SealIntent {
  /** Entries of the log before the batch. */
  readonly from: number;
  /** Keys of the records, in order. */
  readonly keys: readonly string[];
  /** Entries that the batch ends with: what it says of itself. */
  readonly closing: readonly string[];
  /** Whether its records have been marked as sealed. */
  readonly done: boolean;
}

/** Until when a repository's history is known to be complete: it was compared whole with its registry then. */
export interface Horizon {
  readonly repository: string;
  /** Epoch milliseconds at which the comparison began. */
  readonly comparedAt: number;
  /** Of the stored version. */
  readonly version: string;
}

/** A record's place in the log, once it is sealed. */
export interface SealedPlace {
  readonly index: number;
  readonly key: string;
}

/** Where in a log a record is. */
export interface SealedRecord {
  readonly recordId: string;
  readonly repository: string;
  /** When what it tells happened, in epoch milliseconds: an id may come again as of another time. */
  readonly time: number;
  readonly index: number;
}

/** The rows by which a log is sealed. */
export interface LedgerLog {
  head(registry: string): Promise<LedgerHead | undefined>;
  /** `conflict`: the head is another by now. */
  setHead(registry: string, head: LedgerHead): Promise<'set' | 'conflict'>;
  /** Records that wait, those that came first first; which of them can be sealed at a time. */
  pending(registry: string, limit: number, now: number): Promise<PendingRecords>;
  /** Of these keys, the records that still wait. */
  pendingOf(registry: string, keys: readonly string[]): Promise<readonly PendingRecord[]>;
  intent(registry: string, from: number): Promise<SealIntent | undefined>;
  /** `there`: another one decided before. */
  intend(registry: string, intent: SealIntent): Promise<'intended' | 'there'>;
  /** Marks records as sealed, each in one transaction; what is marked already stays so. */
  mark(registry: string, places: readonly SealedPlace[]): Promise<void>;
  /** Says that a batch's records are marked: its keys are forgotten, its order stays taken. */
  finish(registry: string, from: number): Promise<void>;
  /** Takes back statements that were announced and not recorded; one that is recorded meanwhile goes on waiting. */
  discard(registry: string, refused: readonly PendingRecord[]): Promise<void>;
  /** Where the records of an id are: one, unless it came again. */
  sealed(registry: string, recordId: string): Promise<readonly SealedRecord[]>;
  /** Whether a record of an id waits, among those that a minute brings. */
  waits(registry: string, recordId: string): Promise<boolean>;
  /** Horizons that no batch has stated yet. */
  horizons(registry: string, limit: number): Promise<readonly Horizon[]>;
  /** Says that horizons are stated, unless they have moved on. */
  stated(registry: string, horizons: readonly Horizon[]): Promise<void>;
}
