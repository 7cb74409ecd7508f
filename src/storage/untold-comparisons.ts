import type { UntoldComparisons } from '../audit/ports.ts';
import { readTime, textOf, timeText } from './entry-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import { rowsOf, type Table } from './row.ts';
import { recordedFact } from './stored-records.ts';

const partitionOf = (registry: string) => `untold|${registry}`;

/** Notes comparisons in the `inventory` table: one row a repository while one has found something and has not ended. */
export function untoldComparisons(inventory: Table, repositories: Table): UntoldComparisons {
  const keyOf = (repository: { registry: string; repository: string }) =>
    [partitionOf(repository.registry), repositoryKey(repository)] as const;

  const since: UntoldComparisons['since'] = async (repository) => {
    const row = await inventory.get(...keyOf(repository));
    return row && readTime(textOf(row, 'at'));
  };

  return {
    since,
    async begin(repository, startedAt) {
      const earlier = await since(repository);
      if (earlier !== undefined && earlier <= startedAt) return;
      const [partitionKey, rowKey] = keyOf(repository);
      await inventory.put({ partitionKey, rowKey, columns: { at: timeText(startedAt) } });
    },
    async *recorded(repository, time) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder('E|'),
        filter: `source eq 'reconcile' and recordedAt ge '${timeText(time)}'`,
      };
      for await (const row of rowsOf(repositories, range)) yield { ...repository, fact: recordedFact(row) };
    },
    async end(repository) {
      const [partitionKey, rowKey] = keyOf(repository);
      await inventory.transact([{ operation: 'remove', row: { partitionKey, rowKey } }]);
    },
  };
}
