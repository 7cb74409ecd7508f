import type { Finding } from '../findings/finding.ts';
import type { FindingKind, Severity } from '../findings/kind.ts';

/** A finding as it is kept: under an id instead of its identity. Its detail may have lost what was too long to keep. */
export interface StoredFinding extends Omit<Finding, 'identity'> {
  /** 32 hexadecimal digits, the same for the same identity. */
  readonly id: string;
  /** Epoch milliseconds, as all its times. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly status: FindingStatus;
  /** When it was found again after it was last resolved. */
  readonly reopenedAt?: number;
  /** When a look no longer found it; absent while it is open. */
  readonly resolvedAt?: number;
}

/** Whether a finding is so as far as is known, or is no more. */
export const findingStatuses = ['open', 'resolved'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** What became of a finding that was raised. */
export interface RaisedFinding {
  readonly id: string;
  /** Whether this look opened it: it had never been seen, or was resolved. Two looks at one time may both hear so. */
  readonly isNew: boolean;
}

/** What a look was for: some kinds of findings about one repository. */
export interface FindingScope {
  readonly repository: string;
  readonly kinds: readonly FindingKind[];
}

/** Which findings are asked for; without a property, of any. */
export interface FindingFilter {
  readonly status: FindingStatus;
  readonly severity?: Severity;
  readonly kind?: FindingKind;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** A finding in a listing. */
export interface PlacedFinding {
  readonly finding: StoredFinding;
  /** Continues the listing after this finding. */
  readonly position: string;
}

/**
 * Keeps findings, by registry (its login server). Times are those of the looks, in epoch milliseconds: what an earlier look
 * says does not undo what a later one has said. Methods throw a retryable AuditFault when storage does not answer; repeating
 * them does no harm.
 */
export interface Findings {
  /**
   * Says that these were found at a time. One that is known is seen again, with its detail as it is now; one that was resolved
   * is open again. An answer for each, in their order.
   */
  raise(registry: string, findings: readonly Finding[], at: number): Promise<readonly RaisedFinding[]>;
  /**
   * Says that a complete look at a time found, of a scope, these identities and no others: the other open ones are resolved.
   * Answers their ids.
   */
  settle(
    registry: string,
    scope: FindingScope,
    stillThere: ReadonlySet<string>,
    at: number,
  ): Promise<readonly string[]>;
  get(registry: string, id: string): Promise<StoredFinding | undefined>;
  /**
   * At most `limit` (1 to 1,000) of those that match: open ones by when they were opened, resolved ones by when they were
   * resolved, newest first. `next` is the position to go on from, absent at the end; a page may hold fewer than asked for,
   * even none, and still go on.
   */
  page(
    registry: string,
    filter: FindingFilter,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly PlacedFinding[]; readonly next?: string }>;
}

/** When a finding was opened, for the first time or again. */
export function openedAt({ firstSeen, reopenedAt }: StoredFinding): number {
  return reopenedAt ?? firstSeen;
}
