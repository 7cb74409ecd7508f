import type { ProtectionIndex } from '../audit/protection-ports.ts';
import { optional, readTime, textOf, timeText } from './entry-codec.ts';
import { keysUnder } from './keys.ts';
import { rememberedNames } from './remembered-names.ts';
import { fullPage, rowsOf, type Table } from './row.ts';

const approvalsOf = (registry: string) => `approvals|${registry}`;
const protectedOf = (registry: string) => `protected|${registry}`;
const keyOf = (repository: string) => `p|${repository.replaceAll('/', ':')}`;

/**
 * The index of approvals and protected repositories, in the `inventory` table: one row an approval, whose id sorts the
 * newest first, and one a repository.
 */
export function protectionIndex(
  inventory: Table,
  now: () => number = () => performance.now(),
): ProtectionIndex {
  async function* repositories(registry: string): AsyncGenerator<string> {
    const range = { partitionKey: protectedOf(registry), ...keysUnder('p|'), select: [] };
    for await (const { rowKey } of rowsOf(inventory, range)) yield rowKey.slice(2).replaceAll(':', '/');
  }

  // A push costs no reading.
  const names = rememberedNames(repositories, now);

  return {
    repositories,
    async note(registry, approval, repository) {
      const [partitionKey, rowKey] = [approvalsOf(registry), approval];
      await inventory.put({ partitionKey, rowKey, columns: { repository } });
      // Merged: the time of the last whole run stays as it is.
      await inventory.transact([
        {
          operation: 'merge',
          row: { partitionKey: protectedOf(registry), rowKey: keyOf(repository), columns: {} },
        },
      ]);
      names.forget(registry);
    },
    async repositoryOf(registry, approval) {
      const row = await inventory.get(approvalsOf(registry), approval);
      return row && textOf(row, 'repository');
    },
    async page(registry, limit, after) {
      const range = { partitionKey: approvalsOf(registry), ...keysUnder('', optional('after', after)) };
      const { rows, next } = await fullPage(inventory, range, limit);
      const items = rows.flatMap((row) => {
        const repository = textOf(row, 'repository');
        return repository === undefined ? [] : [{ approval: row.rowKey, repository }];
      });
      return { items, ...optional('next', next === undefined ? undefined : rows.at(-1)?.rowKey) };
    },
    isProtected: async (registry, repository) => (await names.of(registry)).has(repository),
    async lastWhole(registry, repository) {
      const row = await inventory.get(protectedOf(registry), keyOf(repository));
      return row && readTime(textOf(row, 'wholeAt'));
    },
    whole: (registry, repository, at) =>
      inventory.put({
        partitionKey: protectedOf(registry),
        rowKey: keyOf(repository),
        columns: { wholeAt: timeText(at) },
      }),
  };
}
