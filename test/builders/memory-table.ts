import { AuditFault } from '../../src/audit/fault.ts';
import { entityJson, readEntity } from '../../src/storage/odata.ts';
import type { Operation, Row, RowContinuation, RowPage, StoredRow, Table } from '../../src/storage/row.ts';

/** What a memory table does besides its work, asked before and after every call. */
export interface TableFaults {
  /** Fails the call before anything is done. */
  before?(call: string): AuditFault | undefined;
  /** Fails the call after the work is done: a lost answer. */
  after?(call: string): AuditFault | undefined;
  /** The most rows of a page, to force short and empty ones. */
  pageLimit?(): number;
}

/** A memory table, and what it holds. */
export interface MemoryTable extends Table {
  rows(): readonly StoredRow[];
}

/**
 * A table in memory with the semantics of Table Storage: ordered by key, ETags, atomic transactions. It is not slower,
 * not throttled and never loses an answer unless `faults` says so. Filters are limited to `column eq 'value'`, to alternatives
 * of conjunctions of such, and to values without a space, which is all that the adapters use.
 */
export function memoryTable(faults: TableFaults = {}): MemoryTable {
  const partitions = new Map<string, Partition>();
  let etags = 0;

  function partitionOf(key: string): Partition {
    const partition = partitions.get(key) ?? partitionInOrder();
    partitions.set(key, partition);
    return partition;
  }

  async function guarded<T>(call: string, work: () => T): Promise<T> {
    // Gives other callers a turn, as a network would.
    await Promise.resolve();
    const failed = faults.before?.(call);
    if (failed) throw failed;
    const result = work();
    await Promise.resolve();
    const lost = faults.after?.(call);
    if (lost) throw lost;
    return result;
  }

  function stored(row: Row, earlier: StoredRow | undefined): StoredRow {
    etags += 1;
    const etag = `W/"${etags}"`;
    const entity: unknown = JSON.parse(entityJson(row.partitionKey, row.rowKey, row.columns));
    const read = readEntity(entity, etag);
    if (read === undefined) throw new Error('a row could not be read back');
    return { ...read, columns: { ...earlier?.columns, ...read.columns } };
  }

  function apply(operation: Operation, to: Map<string, StoredRow | undefined>): boolean {
    const { partitionKey, rowKey: key } = operation.row;
    if (to.has(key))
      throw new AuditFault('storage-400', 'a row twice in one transaction', { retryable: false });
    const current = partitionOf(partitionKey).get(key);
    switch (operation.operation) {
      case 'insert':
        if (current !== undefined) return false;
        to.set(key, stored(operation.row, undefined));
        return true;
      case 'replace':
      case 'merge':
        if (operation.over !== undefined && current?.etag !== operation.over) return false;
        to.set(key, stored(operation.row, operation.operation === 'merge' ? current : undefined));
        return true;
      case 'remove':
        if (current === undefined || (operation.over ?? current.etag) !== current.etag) return false;
        to.set(key, undefined);
        return true;
    }
  }

  return {
    rows: () => [...partitions].sort(byKey).flatMap(([, partition]) => [...partition.between('', '\uffff')]),
    get: (partitionKey, rowKey) => guarded('get', () => partitionOf(partitionKey).get(rowKey)),
    insert: (row) =>
      guarded('insert', () => {
        const partition = partitionOf(row.partitionKey);
        if (partition.has(row.rowKey)) return 'exists';
        partition.set(row.rowKey, stored(row, undefined));
        return 'inserted';
      }),
    put: (row) =>
      guarded('put', () => void partitionOf(row.partitionKey).set(row.rowKey, stored(row, undefined))),
    transact: (operations) =>
      guarded('transact', () => {
        const [partitionKey, ...others] = new Set(operations.map((one) => one.row.partitionKey));
        if (operations.length > 100 || partitionKey === undefined || others.length > 0) {
          throw new AuditFault('storage-400', 'not one transaction', { retryable: false });
        }
        const written = new Map<string, StoredRow | undefined>();
        for (const operation of operations) if (!apply(operation, written)) return 'conflict';
        for (const [key, row] of written) {
          if (row === undefined) partitionOf(partitionKey).delete(key);
          else partitionOf(partitionKey).set(key, row);
        }
        return 'committed';
      }),
    page: (range, limit, from) =>
      guarded('page', (): RowPage => {
        const start = from?.rowKey ?? range.from;
        const size = Math.min(limit, faults.pageLimit?.() ?? limit);
        const found: StoredRow[] = [];
        const first = [start, range.from].sort().at(-1) ?? start;
        for (const row of partitionOf(range.partitionKey).between(first, range.before)) {
          if (meets(row, range.filter)) found.push(row);
          if (found.length > size) break;
        }
        const next = found[size];
        return {
          rows: found.slice(0, size).map((row) => selected(row, range.select)),
          ...(next === undefined ? {} : { next: continuationAt(next) }),
        };
      }),
  };
}

/** Rows of a partition, in the order of their keys. */
interface Partition {
  has(key: string): boolean;
  get(key: string): StoredRow | undefined;
  set(key: string, row: StoredRow): void;
  delete(key: string): void;
  between(from: string, before: string): Iterable<StoredRow>;
}

function partitionInOrder(): Partition {
  const rows = new Map<string, StoredRow>();
  const keys: string[] = [];

  /** Where a key is, or would be. */
  function placeOf(key: string): number {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    has: (key) => rows.has(key),
    get: (key) => rows.get(key),
    set(key, row) {
      if (!rows.has(key)) keys.splice(placeOf(key), 0, key);
      rows.set(key, row);
    },
    delete(key) {
      if (rows.delete(key)) keys.splice(placeOf(key), 1);
    },
    *between(from, before) {
      for (let place = placeOf(from); place < keys.length; place += 1) {
        const row = rows.get(keys[place] ?? '');
        if (row === undefined || row.rowKey >= before) return;
        yield row;
      }
    },
  };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function continuationAt(row: StoredRow): RowContinuation {
  return { partitionKey: row.partitionKey, rowKey: row.rowKey };
}

function selected(row: StoredRow, names: readonly string[] | undefined): StoredRow {
  if (names === undefined) return row;
  const columns = Object.entries(row.columns).filter(([name]) => names.includes(name));
  return { ...row, columns: Object.fromEntries(columns) };
}

/** Whether a row meets the filter of a range. */
export function meets(row: StoredRow, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  return filter.split(' or ').some((some) => meetsAll(row, some));
}

function meetsAll(row: StoredRow, conditions: string): boolean {
  return conditions.split(' and ').every((condition) => {
    const [name, operator, value] = condition.split(' ');
    if (name === undefined || value === undefined) throw new Error(`unknown filter: ${condition}`);
    const column = name === 'RowKey' ? row.rowKey : String(row.columns[name] ?? '');
    const wanted = value.replace(/^'|'$/g, '').replaceAll("''", "'");
    if (operator === 'eq') return column === wanted;
    if (operator === 'ne') return column !== wanted;
    if (operator === 'gt') return column > wanted;
    if (operator === 'ge') return column >= wanted;
    throw new Error(`unknown filter: ${condition}`);
  });
}
