/** A column's value. Numbers are stored as 64-bit integers, bytes as Edm.Binary. */
export type ColumnValue = string | number | boolean | Uint8Array;

/** Columns of a row; an absent one is not stored. */
export type Columns = Readonly<Record<string, ColumnValue | undefined>>;

/** A row to write. */
export interface Row {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly columns: Columns;
}

/** A row as read. Values are text or booleans as Table Storage sends them: numbers and bytes come as text. */
export interface StoredRow {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly etag: string;
  readonly columns: Readonly<Record<string, string | boolean>>;
}

/** One operation of a transaction. `over`: only if the row is still of that ETag. */
export type Operation =
  | { readonly operation: 'insert'; readonly row: Row }
  | { readonly operation: 'replace'; readonly row: Row; readonly over?: string }
  | { readonly operation: 'merge'; readonly row: Row; readonly over?: string }
  | { readonly operation: 'remove'; readonly row: Omit<Row, 'columns'>; readonly over?: string };

/** Rows of one partition whose keys are at least `from` and less than `before`, in the order of their keys. */
export interface RowRange {
  readonly partitionKey: string;
  readonly from: string;
  readonly before: string;
  /** Further condition in OData, on columns. */
  readonly filter?: string;
  /** Only these columns. */
  readonly select?: readonly string[];
}

/** A page of rows; `next` continues after it, absent at the end. A page may be short, or empty, before the end. */
export interface RowPage {
  readonly rows: readonly StoredRow[];
  readonly next?: RowContinuation;
}

/** Where Table Storage goes on. */
export interface RowContinuation {
  readonly partitionKey: string;
  readonly rowKey?: string;
}

/**
 * A table of Azure Table Storage, or what behaves like one. Methods throw a retryable AuditFault when storage could
 * not answer in time; a lost answer may follow a write that was made.
 */
export interface Table {
  get(partitionKey: string, rowKey: string): Promise<StoredRow | undefined>;
  insert(row: Row): Promise<'inserted' | 'exists'>;
  /** Inserts, or replaces whatever is there. */
  put(row: Row): Promise<void>;
  /** All or nothing, in one partition, at most a hundred rows, each once. `conflict`: one wasn't as required. */
  transact(operations: readonly Operation[]): Promise<'committed' | 'conflict'>;
  /** At most `limit` rows (1 to 1,000). */
  page(range: RowRange, limit: number, from?: RowContinuation): Promise<RowPage>;
}

/** All rows of a range, read page by page as they are consumed. */
export async function* rowsOf(table: Table, range: RowRange, pageSize = 1000): AsyncGenerator<StoredRow> {
  let from: RowContinuation | undefined;
  do {
    const page: RowPage = await table.page(range, pageSize, from);
    yield* page.rows;
    from = page.next;
  } while (from !== undefined);
}

/** A page of rows that is empty only at the end, though storage may answer with empty ones before it. */
export async function fullPage(table: Table, range: RowRange, limit: number): Promise<RowPage> {
  let from: RowContinuation | undefined;
  for (;;) {
    const page: RowPage = await table.page(range, limit, from);
    if (page.rows.length > 0 || page.next === undefined) return page;
    from = page.next;
  }
}

/** Rows counted at most: above that, the number says no more than "many". */
const maxCounted = 1_000;

/** How many rows a range has, up to 1,000. */
export async function countRows(table: Table, range: RowRange): Promise<number> {
  let count = 0;
  for await (const _ of rowsOf(table, range, maxCounted)) {
    count += 1;
    if (count === maxCounted) break;
  }
  return count;
}
