import type { Progress } from '../audit/history-pages.ts';
import { readLeaf } from '../ledger/recorded-leaf.ts';
import { textOf } from './entry-codec.ts';
import { announcedPartition, keysUnder } from './keys.ts';
import {
  countRows,
  type RowContinuation,
  type RowPage,
  type RowRange,
  type StoredRow,
  type Table,
} from './row.ts';

/** Pages looked through for an event: where events are off, what was found is all there is. */
const mostPages = 20;

/** Reads how far a registry's history has come from the newest event announced and the rejections kept. */
export function progress(log: Table, rejected: Table): Progress {
  const countRejected = (registry: string) =>
    countRows(rejected, { partitionKey: registry, ...keysUnder(''), select: ['reason'] });

  return {
    rejected: countRejected,
    async of(registry) {
      const pending = {
        partitionKey: announcedPartition(registry),
        ...keysUnder(''),
        filter: "source eq 'event'",
      };
      const [newest, count] = await Promise.all([firstRow(log, pending), countRejected(registry)]);
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
  let from: RowContinuation | undefined;
  for (let count = 0; count < mostPages; count += 1) {
    const page: RowPage = await table.page(range, 1, from);
    if (page.rows[0] !== undefined || page.next === undefined) return page.rows[0];
    from = page.next;
  }
  return undefined;
}
