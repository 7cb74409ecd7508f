import type { RepositoryId } from '../history/fact.ts';
import type { Statement } from '../history/statement.ts';

/** A span of a repository's statements, newest first. Epoch milliseconds, both included. */
export interface StatementSpan {
  readonly from?: number;
  readonly to?: number;
  /** Position after which the span goes on. */
  readonly after?: string;
}

/** A statement with the position that continues a listing after it. */
export interface PlacedStatement {
  readonly statement: Statement;
  readonly position: string;
}

/** Reads what was stated of a repository: what was observed, approved, locked, attributed. */
export interface StatementPages {
  /** At most `limit` statements; `next` is absent at the end. */
  page(
    repository: RepositoryId,
    span: StatementSpan,
    limit: number,
  ): Promise<{ readonly items: readonly PlacedStatement[]; readonly next?: string }>;
}
