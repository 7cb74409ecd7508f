import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { Statement } from '../history/statement.ts';
import { readStatement } from '../ledger/recorded-leaf.ts';
import { corrupt, readEntryRow, textOf } from './entry-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import {
  type RowContinuation,
  type RowPage,
  type RowRange,
  rowsOf,
  type StoredRow,
  type Table,
} from './row.ts';

/** Rows of one page, and so the most records held at once. */
const pageSize = 1000;

/** Whether a record is left out, by its key. */
export type IsSkipped = (rowKey: string) => boolean;

/** A repository's facts, oldest first, except those whose keys are to be skipped. */
export async function* recordsOldestFirst(
  repositories: Table,
  repository: RepositoryId,
  isSkipped: IsSkipped,
): AsyncGenerator<AuditRecord> {
  for await (const row of rowsOldestFirst(repositories, repositoryKey(repository), 'E|', isSkipped)) {
    yield { ...repository, fact: recordedFact(row) };
  }
}

/** A repository's statements with their keys, oldest first, except those whose keys are to be skipped. */
export async function* statementsOldestFirst(
  repositories: Table,
  repository: RepositoryId,
  isSkipped: IsSkipped,
): AsyncGenerator<{ readonly rowKey: string; readonly statement: Statement }> {
  for await (const row of rowsOldestFirst(repositories, repositoryKey(repository), 'S|', isSkipped)) {
    yield { rowKey: row.rowKey, statement: statementOf(row) };
  }
}

/**
 * Keys are newest first and Table Storage reads only forwards: so the keys alone are read once, of which two a page are
 * kept, and then the pages are read from the last to the first.
 */
async function* rowsOldestFirst(
  table: Table,
  partitionKey: string,
  prefix: string,
  isSkipped: IsSkipped,
): AsyncGenerator<StoredRow> {
  const pages = await pagesOf(table, { partitionKey, ...keysUnder(prefix), select: [] }, isSkipped);
  for (const { from, before } of pages.reverse()) {
    const rows = await Array.fromAsync(rowsOf(table, { partitionKey, from, before }, pageSize));
    yield* rows.reverse().filter(({ rowKey }) => !isSkipped(rowKey));
  }
}

/** Where each page that holds something to read begins and ends. */
async function pagesOf(
  table: Table,
  range: RowRange,
  isSkipped: IsSkipped,
): Promise<Pick<RowRange, 'from' | 'before'>[]> {
  const pages: Pick<RowRange, 'from' | 'before'>[] = [];
  let next: RowContinuation | undefined;
  do {
    const page: RowPage = await table.page(range, pageSize, next);
    const wanted = page.rows.filter(({ rowKey }) => !isSkipped(rowKey));
    const [first, last] = [wanted[0], wanted.at(-1)];
    // The smallest key greater than the last.
    if (first && last) pages.push({ from: first.rowKey, before: `${last.rowKey} ` });
    next = page.next;
  } while (next !== undefined);
  return pages;
}

/** The fact of an audit record, whatever its row says of what follows from other records. Throws as readEntryRow does. */
export function recordedFact(row: StoredRow) {
  const { attribution: _, ...columns } = row.columns;
  return readEntryRow({ ...row, columns: { ...columns, kind: 'unchanged' } }).fact;
}

function statementOf(row: StoredRow): Statement {
  const statement = readStatement(textOf(row, 'leaf') ?? '');
  if (statement === undefined) throw corrupt(row);
  return statement;
}
