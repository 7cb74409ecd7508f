import type { Finding } from '../findings/finding.ts';
import type { FindingKind, Severity } from '../findings/kind.ts';
import type { Actor, FindingEvent, FindingStatus, StoredFinding } from '../findings/lifecycle.ts';

/** What became of a finding that was raised. */
export interface RaisedFinding {
  readonly id: string;
  /** Whether this look opened it: it had never been seen, or was resolved. Two looks at one time may both hear so. */
  readonly isNew: boolean;
}

/** What a look was for: some kinds of findings, about one repository or the whole registry. */
export interface FindingScope {
  readonly repository?: string;
  readonly kinds: readonly FindingKind[];
}

/** Which findings are asked for; without a property, of any. */
export interface FindingFilter {
  readonly statuses: readonly FindingStatus[];
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
  /** Has somebody, or time, change a finding. `undefined` when there is none of this id. */
  change(
    registry: string,
    id: string,
    event: FindingEvent,
    by: Actor,
    at: number,
  ): Promise<
    | { readonly outcome: 'changed' | 'unchanged'; readonly finding: StoredFinding }
    | { readonly outcome: 'refused'; readonly problem: string }
    | undefined
  >;
  /**
   * At most `limit` (1 to 1,000) of those that match: resolved ones by when they were resolved, others by when they were
   * opened, newest first; resolved ones cannot be listed with others. `next` is the position to go on from, absent at the end; a page may hold fewer than asked for,
   * even none, and still go on.
   */
  page(
    registry: string,
    filter: FindingFilter,
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly PlacedFinding[]; readonly next?: string }>;
}
