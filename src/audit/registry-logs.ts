import type { LogSpan } from '../history/log-matching.ts';
import type { LoginRecord, LogRecord } from '../history/log-record.ts';

/** A registry's diagnostic logs. Throws AuditFault; a record that cannot be read is left out and counted in the log. */
export interface RegistryLogs {
  /** Operations that changed repositories, oldest first, in pages. */
  changes(span: LogSpan): AsyncIterable<readonly LogRecord[]>;
  /** Successful logins, oldest first, in pages. */
  logins(span: LogSpan): AsyncIterable<readonly LoginRecord[]>;
}

/** Remembers up to when a registry's history was laid to its logs. */
export interface AttributionProgress {
  /** Epoch milliseconds. */
  last(registry: string): Promise<number | undefined>;
  advance(registry: string, until: number): Promise<void>;
}
