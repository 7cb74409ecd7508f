import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { readEntryRow } from './entry-codec.ts';
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

/**
 * A repository's audit records, oldest first, except those whose keys are to be skipped. Keys are newest first and Table
 * Storage reads only forwards: so the keys alone are read once, of which two a page are kept, and then the pages are
 * read from the last to the first.
 */
export async function* recordsOldestFirst(
  repositories: Table,
  repository: RepositoryId,
  isSkipped: (rowKey: string) => boolean,
): AsyncGenerator<AuditRecord> {
  const partitionKey = repositoryKey(repository);
  const pages = await pagesOf(repositories, { partitionKey, ...keysUnder('E|'), select: [] }, isSkipped);
  for (const { from, before } of pages.reverse()) {
    const rows = await Array.fromAsync(rowsOf(repositories, { partitionKey, from, before }, pageSize));
    for (const row of rows.reverse()) {
      if (!isSkipped(row.rowKey)) yield { ...repository, fact: factOf(row) };
    }
  }
}

/** Where each page that holds something to read begins and ends. */
async function pagesOf(
  table: Table,
  range: RowRange,
  isSkipped: (rowKey: string) => boolean,
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

/** The fact of an audit record, whatever its row says of what follows from other facts. */
function factOf(row: StoredRow) {
  return readEntryRow({ ...row, columns: { ...row.columns, kind: 'unchanged' } }).fact;
}
