import { joined } from '../audit/joined.ts';
import type { KnownContent, KnownManifest, KnownTag } from '../audit/reconcile-repository.ts';
import type { RepositoryId } from '../history/fact.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { optional } from './entry-codec.ts';
import { readManifestHead, readTagHead } from './head-codec.ts';
import { keysUnder, parentKey, repositoryKey } from './keys.ts';
import { readLocks } from './observation-codec.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

/** Reads what is known of a repository from the `repositories` table, in pages as they are consumed. */
export function knownContent(repositories: Table): KnownContent {
  const rowsUnder = (repository: RepositoryId, prefix: string, select?: readonly string[]) =>
    rowsOf(repositories, {
      partitionKey: repositoryKey(repository),
      ...keysUnder(prefix),
      ...optional('select', select),
    });

  async function* tagRows(repository: RepositoryId): AsyncGenerator<StoredRow> {
    // Locks of manifests lie under the same prefix.
    for await (const row of rowsUnder(repository, 'l|')) if (digestIn(row) === undefined) yield row;
  }

  async function* headRows(repository: RepositoryId): AsyncGenerator<StoredRow> {
    // Edges lie between the heads, under the same digest.
    for await (const row of rowsUnder(repository, 'm|')) if (/^m\|[^|]+$/.test(row.rowKey)) yield row;
  }

  return {
    async *tags(repository) {
      const pairs = joined(rowsUnder(repository, 't|'), nameIn, tagRows(repository), nameIn);
      for await (const { key: tag, left, right } of pairs) {
        yield {
          tag,
          ...optional('head', left && readTagHead(left)),
          ...optional('locks', right && readLocks(right)),
        } satisfies KnownTag;
      }
    },
    async *manifests(repository) {
      const seen = joined(rowsUnder(repository, 'o|', []), nameIn, rowsUnder(repository, 'l|sha'), nameIn);
      const pairs = joined(headRows(repository), nameIn, seen, ({ key }) => key);
      for await (const { key, left, right } of pairs) {
        const digest = parseDigest(key);
        // A tag that begins like a digest.
        if (digest === undefined) continue;
        yield {
          digest,
          isDescribed: right?.left !== undefined,
          ...optional('head', left && readManifestHead(left)),
          ...optional('locks', right?.right && readLocks(right.right)),
        } satisfies KnownManifest;
      }
    },
    async isChild(repository, digest) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder(parentKey(digest, '')),
        select: [],
      };
      for await (const _ of rowsOf(repositories, range, 1)) return true;
      return false;
    },
  };
}

function nameIn({ rowKey }: StoredRow): string {
  return rowKey.split('|')[1] ?? '';
}

function digestIn(row: StoredRow): Digest | undefined {
  return parseDigest(nameIn(row));
}
