import type { ChangeCounts, UnannouncedChanges } from '../audit/ports.ts';
import { inverted, keysUnder } from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

const partitionOf = (registry: string) => `unannounced|${registry}`;

/** Notes changes in the `inventory` table: one row a comparison that found some. */
export function unannouncedChanges(inventory: Table): UnannouncedChanges {
  return {
    note: (registry, repository, startedAt, { pushes, untags, deletions, lockChanges }) =>
      inventory.put({
        partitionKey: partitionOf(registry),
        rowKey: `${inverted(startedAt)}|${repository.replaceAll('/', ':')}`,
        columns: { pushes, untags, deletions, lockChanges },
      }),
    async since(registry, time) {
      let sum: ChangeCounts = { pushes: 0, untags: 0, deletions: 0, lockChanges: 0 };
      const range = { partitionKey: partitionOf(registry), ...keysUnder('', { notBefore: time }) };
      for await (const row of rowsOf(inventory, range)) sum = added(sum, row);
      return sum;
    },
  };
}

function added(sum: ChangeCounts, { columns }: StoredRow): ChangeCounts {
  return {
    pushes: sum.pushes + Number(columns['pushes'] ?? 0),
    untags: sum.untags + Number(columns['untags'] ?? 0),
    deletions: sum.deletions + Number(columns['deletions'] ?? 0),
    lockChanges: sum.lockChanges + Number(columns['lockChanges'] ?? 0),
  };
}
