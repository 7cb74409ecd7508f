import type { Finding } from '../findings/finding.ts';
import type { FindingKind, Severity } from '../findings/kind.ts';

/** A finding as it is kept. Times are epoch milliseconds. */
export interface StoredFinding extends Finding {
  /** 32 characters of `0-9a-f` that follow from the identity. */
  readonly id: string;
  readonly status: 'open' | 'resolved';
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** When it was found again after it had been resolved. */
  readonly reopenedAt?: number;
  readonly resolvedAt?: number;
}

/** Which findings are listed; those of an absent property are all. */
export interface FindingFilter {
  readonly status: 'open' | 'resolved';
  readonly severity?: Severity;
  readonly kind?: FindingKind;
  readonly repository?: string;
}

/** Keeps findings. Every call may be repeated. */
export interface Findings {
  /** Opens findings, or tells open ones again: the same identity is one finding. Gives those that were not open. */
  raise(registry: string, findings: readonly Finding[], at: number): Promise<readonly StoredFinding[]>;
  /** Resolves open findings of some kinds about a repository that a complete look no longer made. */
  settle(
    registry: string,
    scope: { readonly repository: string; readonly kinds: readonly FindingKind[] },
    stillThere: ReadonlySet<string>,
    at: number,
  ): Promise<void>;
  get(registry: string, id: string): Promise<StoredFinding | undefined>;
  /** The newest first. A page may hold fewer than asked for, even none, and still go on. */
  page(
    registry: string,
    filter: FindingFilter,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly StoredFinding[]; readonly next?: string }>;
}
