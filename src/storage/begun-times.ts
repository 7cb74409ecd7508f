import type { BegunTimes } from '../audit/asked-work.ts';
import { readTime, textOf, timeText } from './entry-codec.ts';
import { repositoryKey } from './keys.ts';
import type { Table } from './row.ts';

/** Remembers in the `inventory` table when the last work of a kind began on each repository. */
export function begunTimes(inventory: Table, kind: 'looked' | 'enforced'): BegunTimes {
  const partitionOf = (registry: string) => `${kind}|${registry}`;
  return {
    async lastBegun(repository) {
      const row = await inventory.get(partitionOf(repository.registry), repositoryKey(repository));
      return row && readTime(textOf(row, 'at'));
    },
    note: (repository, begun) =>
      inventory.put({
        partitionKey: partitionOf(repository.registry),
        rowKey: repositoryKey(repository),
        columns: { at: timeText(begun) },
      }),
  };
}
