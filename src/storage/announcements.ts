import type { Announcements } from '../audit/announcements.ts';
import { readLeaf } from '../ledger/recorded-leaf.ts';
import { textOf } from './entry-codec.ts';
import { announcedPartition, keysUnder, readAnnouncedKey } from './keys.ts';
import type { RowPage, Table } from './row.ts';

/** Reads announcements from the `log` table, where facts come newest first. */
export function announcements(log: Table): Announcements {
  function newest(registry: string, limit: number, select: readonly string[]): Promise<RowPage> {
    // What is no fact begins with a tilde, and so comes after them all.
    return log.page({ partitionKey: announcedPartition(registry), ...keysUnder(''), select }, limit);
  }

  return {
    async newest(registry, limit) {
      const { rows, next } = await newest(registry, limit, ['leaf']);
      const items = rows
        .map((row) => readLeaf(textOf(row, 'leaf') ?? ''))
        .filter((leaf) => leaf !== undefined);
      return { items, isMore: next !== undefined };
    },
    async newestRepositories(registry, limit) {
      const { rows } = await newest(registry, limit, []);
      return [...new Set(rows.flatMap(({ rowKey }) => readAnnouncedKey(rowKey)?.repository ?? []))];
    },
  };
}
