import type { RowPage, StoredRow, Table } from '../src/storage/row.ts';
import { meets } from '../test/builders/memory-table.ts';

/** What tables were asked, and how long they took to answer. */
export interface TableCost {
  calls: number;
  /** Milliseconds of the processor, which are storage's and not ours. */
  spent: number;
}

/** Rows that are only read, in order: what a page costs is then not what finding rows in memory costs. */
export function readOnlyTable(rows: readonly StoredRow[], cost: TableCost): Table {
  const partitions = new Map(
    [...Map.groupBy(rows, ({ partitionKey }) => partitionKey)].map(([key, some]) => {
      const sorted = some.toSorted((a, b) => (a.rowKey < b.rowKey ? -1 : 1));
      return [key, { sorted, byKey: new Map(sorted.map((row) => [row.rowKey, row])) }] as const;
    }),
  );

  async function answered<T>(find: () => T): Promise<T> {
    const before = process.cpuUsage();
    const found = find();
    const { user, system } = process.cpuUsage(before);
    cost.calls += 1;
    cost.spent += (user + system) / 1_000;
    return found;
  }

  const refused = () => Promise.reject(new Error('a page wrote something'));
  return {
    insert: refused,
    put: refused,
    transact: refused,
    get: (partition, key) => answered(() => partitions.get(partition)?.byKey.get(key)),
    page: ({ partitionKey, from, before, filter }, limit, after) =>
      answered((): RowPage => {
        const all = partitions.get(partitionKey)?.sorted ?? [];
        const found: StoredRow[] = [];
        const start = after?.rowKey === undefined || after.rowKey < from ? from : after.rowKey;
        for (let place = firstFrom(all, start); place < all.length; place += 1) {
          const row = all[place];
          if (row === undefined || row.rowKey >= before) break;
          if (!meets(row, filter)) continue;
          if (found.length === Math.min(limit, 1_000)) {
            return { rows: found, next: { partitionKey, rowKey: row.rowKey } };
          }
          found.push(row);
        }
        return { rows: found };
      }),
  };
}

function firstFrom(all: readonly StoredRow[], key: string): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((all[middle]?.rowKey ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
