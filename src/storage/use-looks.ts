import type { UseLooks } from '../audit/workload-ports.ts';
import { readTime, textOf, timeText } from './entry-codec.ts';
import { repositoryKey } from './keys.ts';
import type { Table } from './row.ts';

const partitionOf = (registry: string) => `looked|${registry}`;

/** Remembers in the `inventory` table when the last look at a repository's uses began. */
export function useLooks(inventory: Table): UseLooks {
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
