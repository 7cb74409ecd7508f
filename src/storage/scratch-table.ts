import { AuditFault } from '../audit/fault.ts';
import type { Columns, Operation, RowPage, StoredRow, Table } from './row.ts';

/** One partition in memory, to work in and throw away. */
export interface ScratchTable extends Table {
  has(rowKey: string): boolean;
  /** The columns of a row as they would be written. */
  columnsOf(rowKey: string): Columns | undefined;
  /** All keys, in order. */
  keys(): readonly string[];
}

interface ScratchRow {
  readonly columns: Columns;
  readonly version: number;
}

/**
 * A table in memory for one partition and one user at a time. Ranges are read within the first two fields of a key
 * (`T|tag`, `D|digest`, `m|digest`), whose keys are kept in descending order: the newest come last, so that telling in
 * the order of time only appends.
 */
export function scratchTable(partitionKey: string): ScratchTable {
  const rows = new Map<string, ScratchRow>();
  const sections = new Map<string, string[]>();
  let version = 0;

  function read(rowKey: string, row: ScratchRow): StoredRow {
    return { partitionKey, rowKey, etag: String(row.version), columns: storedColumns(row.columns) };
  }

  function write(rowKey: string, columns: Columns): void {
    version += 1;
    if (!rows.has(rowKey)) {
      const keys = sections.get(sectionOf(rowKey)) ?? [];
      keys.splice(placeOf(keys, rowKey), 0, rowKey);
      sections.set(sectionOf(rowKey), keys);
    }
    rows.set(rowKey, { columns, version });
  }

  function remove(rowKey: string): void {
    const keys = sections.get(sectionOf(rowKey)) ?? [];
    keys.splice(placeOf(keys, rowKey), 1);
    rows.delete(rowKey);
  }

  function isAllowed({ operation, row, ...condition }: Operation): boolean {
    const current = rows.get(row.rowKey);
    if (operation === 'insert') return current === undefined;
    if ('over' in condition && condition.over !== undefined) {
      return current !== undefined && String(current.version) === condition.over;
    }
    return operation !== 'remove' || current !== undefined;
  }

  return {
    has: (rowKey) => rows.has(rowKey),
    columnsOf: (rowKey) => rows.get(rowKey)?.columns,
    keys: () => [...rows.keys()].sort(),
    async get(_, rowKey) {
      const row = rows.get(rowKey);
      return row && read(rowKey, row);
    },
    async insert({ rowKey, columns }) {
      if (rows.has(rowKey)) return 'exists';
      write(rowKey, columns);
      return 'inserted';
    },
    async put({ rowKey, columns }) {
      write(rowKey, columns);
    },
    async transact(operations) {
      if (!operations.every(isAllowed)) return 'conflict';
      for (const one of operations) {
        const { rowKey } = one.row;
        if (one.operation === 'remove') remove(rowKey);
        else if (one.operation !== 'merge') write(rowKey, one.row.columns);
        else write(rowKey, { ...rows.get(rowKey)?.columns, ...defined(one.row.columns) });
      }
      return 'committed';
    },
    async page(range, limit, from): Promise<RowPage> {
      const section = sectionOf(range.from);
      if (sectionOf(range.before.replace(/\|?~$/, '')) !== section || range.filter !== undefined) {
        throw new AuditFault(
          'scratch-range',
          `${range.from} to ${range.before} is no range of a scratch table`,
          {
            retryable: false,
          },
        );
      }
      const keys = sections.get(section) ?? [];
      const page: StoredRow[] = [];
      const start = from?.rowKey ?? range.from;
      // Backwards from the last key that is at least the start.
      let index = placeOf(keys, start);
      if (keys[index] !== start) index -= 1;
      for (; index >= 0; index -= 1) {
        const rowKey = keys[index] ?? '';
        const row = rows.get(rowKey);
        if (row === undefined || rowKey >= range.before) break;
        if (page.length === limit) return { rows: page, next: { partitionKey, rowKey } };
        page.push(read(rowKey, row));
      }
      return { rows: page };
    },
  };
}

/** Columns as storage gives them back. */
export function storedColumns(columns: Columns): StoredRow['columns'] {
  const stored: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(columns)) {
    if (value === undefined) continue;
    if (typeof value === 'number') stored[name] = Math.trunc(value).toString();
    else if (value instanceof Uint8Array) stored[name] = Buffer.from(value).toString('base64');
    else stored[name] = value;
  }
  return stored;
}

function defined(columns: Columns): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function sectionOf(rowKey: string): string {
  return rowKey.split('|', 2).join('|');
}

/** Where a key is, or belongs, among keys in descending order. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') > key) low = middle + 1;
    else high = middle;
  }
  return low;
}
