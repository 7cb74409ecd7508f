import type { Progress } from '../audit/history-pages.ts';
import { readLeaf } from '../ledger/recorded-leaf.ts';
import { textOf } from './entry-codec.ts';
import { keysUnder, pendingPartition } from './keys.ts';
import type { Table } from './row.ts';

/** Reads how far a registry's history has come from the newest announced record and the rejections kept. */
export function progress(log: Table, rejected: Table): Progress {
  return {
    async of(registry) {
      const pending = { partitionKey: pendingPartition(registry), ...keysUnder('') };
      const kept = { partitionKey: registry, ...keysUnder(''), select: ['reason'] };
      const [newest, rejections] = await Promise.all([log.page(pending, 1), rejected.page(kept, 1000)]);
      const leaf = newest.rows[0] && readLeaf(textOf(newest.rows[0], 'leaf') ?? '');
      return {
        ...(leaf === undefined
          ? {}
          : { lastEventAt: leaf.fact.at.time, lastRecordedAt: leaf.fact.recordedAt }),
        rejected: rejections.rows.length,
      };
    },
    async check() {
      await log.get('health', 'health');
    },
  };
}
