import type { HeadLists } from '../audit/reconcile-repository.ts';
import { readManifestHead, readTagHead } from './head-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import { rowsOf, type Table } from './row.ts';

/** Lists a repository's heads from the `repositories` table, in pages as they are consumed. */
export function headLists(repositories: Table): HeadLists {
  return {
    async *tagHeads(repository) {
      const range = { partitionKey: repositoryKey(repository), ...keysUnder('t|') };
      for await (const row of rowsOf(repositories, range)) yield readTagHead(row);
    },
    async *manifestHeads(repository) {
      const range = { partitionKey: repositoryKey(repository), ...keysUnder('m|') };
      for await (const row of rowsOf(repositories, range)) {
        // Edges lie between the heads, under the same digest.
        if (/^m\|[^|]+$/.test(row.rowKey)) yield readManifestHead(row);
      }
    },
  };
}
