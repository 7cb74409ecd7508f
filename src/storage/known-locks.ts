import type { KnownLocks } from '../audit/protection-ports.ts';
import { heldDigest } from '../history/tag-timeline.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { readEntryRow } from './entry-codec.ts';
import { readTagHead } from './head-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import { readLocks } from './observation-codec.ts';
import { rowsOf, type Table } from './row.ts';

/** Tags of one beginning that are read at most. */
const mostTags = 10_000;

/** Entries of a digest that are looked through for a push whose pusher is known. */
const mostEntries = 100;

/** Reads what history knows of tags, locks and pushers from the `repositories` table. */
export function knownLocks(repositories: Table): KnownLocks {
  const rowsUnder = (partitionKey: string, prefix: string) =>
    rowsOf(repositories, { partitionKey, ...keysUnder(prefix) });

  return {
    async tagsWith(repository, prefix) {
      const tags = new Map<string, Digest>();
      for await (const row of rowsUnder(repositoryKey(repository), `t|${prefix}`)) {
        const head = readTagHead(row);
        const digest = heldDigest(head);
        if (digest !== undefined) tags.set(head.tag, digest);
        if (tags.size === mostTags) break;
      }
      return tags;
    },
    async locked(repository, limit) {
      const locked: Awaited<ReturnType<KnownLocks['locked']>>[number][] = [];
      for await (const row of rowsUnder(repositoryKey(repository), 'l|')) {
        const locks = readLocks(row);
        if (locks.canDelete && locks.canWrite) continue;
        const name = row.rowKey.slice(2);
        const digest = parseDigest(name);
        locked.push(digest === undefined ? { tag: name, locks } : { digest, locks });
        if (locked.length === limit) break;
      }
      return locked;
    },
    async pusher(repository, digest) {
      const range = { partitionKey: repositoryKey(repository), ...keysUnder(`D|${digest}|`) };
      const { rows } = await repositories.page(range, mostEntries);
      for (const row of rows) {
        const { fact } = readEntryRow(row);
        // What the registry's log says is surer than what the client says.
        const pusher = fact.attribution?.identity ?? fact.client.actor;
        if (fact.action === 'push' && pusher !== undefined) return pusher;
      }
      return undefined;
    },
  };
}
