import type { Outbox } from '../audit/ports.ts';
import { canonicalRecord } from '../ledger/canonical-record.ts';
import { readLeaf } from '../ledger/recorded-leaf.ts';
import { corrupt, textOf } from './entry-codec.ts';
import { pendingKey, pendingPartition } from './keys.ts';
import type { Table } from './row.ts';

/**
 * The ledger's outbox in the `log` table. A row is inserted, never replaced: the leaf that will be sealed is the one
 * first announced, whatever a repeated delivery says.
 */
export function outbox(log: Table): Outbox {
  return {
    async announce(record) {
      const inserted = await log.insert({
        partitionKey: pendingPartition(record.registry),
        rowKey: pendingKey(record.fact.at, record.repository),
        columns: { leaf: canonicalRecord(record) },
      });
      return inserted === 'inserted' ? 'new' : 'known';
    },
    async announced({ registry, repository }, at) {
      const row = await log.get(pendingPartition(registry), pendingKey(at, repository));
      if (row === undefined) return undefined;
      const record = readLeaf(textOf(row, 'leaf') ?? '');
      if (record === undefined) throw corrupt(row);
      return record;
    },
  };
}
