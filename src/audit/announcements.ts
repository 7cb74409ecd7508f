import type { AuditRecord } from '../history/fact.ts';

/** Reads what was announced of a registry, whatever the repository: by one query, since it says nothing of what that changed. */
export interface Announcements {
  /** The newest facts by the registry's time, newest first, at most `limit` (1 to 1,000). */
  newest(
    registry: string,
    limit: number,
  ): Promise<{ readonly items: readonly AuditRecord[]; readonly isMore: boolean }>;
  /** Repositories of the newest facts, each once. */
  newestRepositories(registry: string, limit: number): Promise<readonly string[]>;
}
