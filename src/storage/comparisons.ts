import type { Comparisons } from '../audit/retention-ports.ts';
import { timeText } from './entry-codec.ts';
import { comparedKey, repositoryKey } from './keys.ts';
import type { Table } from './row.ts';

/** Remembers comparisons in the `repositories` table, beside what they found. */
export function comparisons(repositories: Table): Comparisons {
  return {
    note: (repository, startedAt) =>
      repositories.put({
        partitionKey: repositoryKey(repository),
        rowKey: comparedKey,
        columns: { at: timeText(startedAt) },
      }),
  };
}
