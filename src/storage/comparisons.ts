import type { Comparisons } from '../audit/retention-ports.ts';
import { timeText } from './entry-codec.ts';
import { comparedKey, comparedPartition, repositoryKey } from './keys.ts';
import type { Table } from './row.ts';

/** Remembers comparisons in the `repositories` table, beside what they found, and in `log`, for the ledger to state. */
export function comparisons(repositories: Table, log: Table): Comparisons {
  return {
    async note(repository, startedAt) {
      const key = repositoryKey(repository);
      const at = timeText(startedAt);
      await Promise.all([
        repositories.put({ partitionKey: key, rowKey: comparedKey, columns: { at } }),
        log.put({
          partitionKey: comparedPartition(repository.registry),
          rowKey: key,
          columns: { at, stated: false },
        }),
      ]);
    },
  };
}
