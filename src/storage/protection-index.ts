import type { ProtectionIndex } from '../audit/protection-ports.ts';
import { optional, readTime, textOf, timeText } from './entry-codec.ts';
import { keysUnder } from './keys.ts';
import { fullPage, rowsOf, type Table } from './row.ts';

const approvalsOf = (registry: string) => `approvals|${registry}`;
const protectedOf = (registry: string) => `protected|${registry}`;
const keyOf = (repository: string) => `p|${repository.replaceAll('/', ':')}`;

/** Milliseconds for which the names of protected repositories are remembered, so that a push costs no reading. */
const rememberedMs = 60_000;

/**
 * The index of approvals and protected repositories, in the `inventory` table: one row an approval, whose id sorts the
 * newest first, and one a repository.
 */
export function protectionIndex(
  inventory: Table,
  now: () => number = () => performance.now(),
): ProtectionIndex {
  const remembered = new Map<string, { readonly at: number; readonly names: Promise<ReadonlySet<string>> }>();

  async function* repositories(registry: string): AsyncGenerator<string> {
    const range = { partitionKey: protectedOf(registry), ...keysUnder('p|'), select: [] };
    for await (const { rowKey } of rowsOf(inventory, range)) yield rowKey.slice(2).replaceAll(':', '/');
  }

  function names(registry: string): Promise<ReadonlySet<string>> {
    const known = remembered.get(registry);
    if (known !== undefined && now() - known.at < rememberedMs) return known.names;
    const read = Array.fromAsync(repositories(registry)).then((all) => new Set(all));
    remembered.set(registry, { at: now(), names: read });
    // What could not be read is asked for again.
    read.catch(() => remembered.delete(registry));
    return read;
  }

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
      remembered.delete(registry);
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
    isProtected: async (registry, repository) => (await names(registry)).has(repository),
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
