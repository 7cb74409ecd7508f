import type { Progress } from '../audit/history-pages.ts';
import { readLeaf } from '../ledger/recorded-leaf.ts';
import { textOf } from './entry-codec.ts';
import { keysUnder, pendingPartition } from './keys.ts';
import { type RowRange, rowsOf, type StoredRow, type Table } from './row.ts';

/** Rejections counted at most: above that, the number says no more than "many". */
const maxCounted = 1_000;

/** Reads how far a registry's history has come from the newest announced record and the rejections kept. */
export function progress(log: Table, rejected: Table): Progress {
  return {
    async of(registry) {
      const pending = { partitionKey: pendingPartition(registry), ...keysUnder('') };
      const kept = { partitionKey: registry, ...keysUnder(''), select: ['reason'] };
      const [newest, count] = await Promise.all([firstRow(log, pending), countRows(rejected, kept)]);
      const leaf = newest && readLeaf(textOf(newest, 'leaf') ?? '');
      return {
        ...(leaf === undefined
          ? {}
          : { lastEventAt: leaf.fact.at.time, lastRecordedAt: leaf.fact.recordedAt }),
        rejected: count,
      };
    },
    async check() {
      await log.get('health', 'health');
    },
  };
}

async function firstRow(table: Table, range: RowRange): Promise<StoredRow | undefined> {
  for await (const row of rowsOf(table, range, 1)) return row;
  return undefined;
}

async function countRows(table: Table, range: RowRange): Promise<number> {
  let count = 0;
  for await (const _ of rowsOf(table, range, maxCounted)) {
    count += 1;
    if (count === maxCounted) break;
  }
  return count;
}
