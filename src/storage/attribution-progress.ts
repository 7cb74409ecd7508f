import type { AttributionProgress } from '../audit/registry-logs.ts';
import { corrupt, readTime, textOf, timeText } from './entry-codec.ts';
import type { Table } from './row.ts';

const rowKey = 'progress';
const partitionOf = (registry: string) => `attribution|${registry}`;

/** Remembers progress in the `inventory` table: one row a registry. */
export function attributionProgress(inventory: Table): AttributionProgress {
  return {
    async last(registry) {
      const row = await inventory.get(partitionOf(registry), rowKey);
      if (row === undefined) return undefined;
      const until = readTime(textOf(row, 'until'));
      if (until === undefined) throw corrupt(row);
      return until;
    },
    advance: (registry, until) =>
      inventory.put({
        partitionKey: partitionOf(registry),
        rowKey,
        columns: { until: timeText(until) },
      }),
  };
}
