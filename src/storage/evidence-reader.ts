import type { EvidenceReader, Some, TagOfDigest } from '../audit/digest-evidence.ts';
import { parseDigest } from '../registry/digest.ts';
import { corrupt, optional, textOf } from './entry-codec.ts';
import { readEdge, readManifestHead } from './head-codec.ts';
import {
  childKey,
  descriptionKey,
  keysUnder,
  locksKey,
  manifestHeadKey,
  parentKey,
  referrerKey,
  repositoryKey,
} from './keys.ts';
import { readChild, readDescription, readLocks } from './observation-codec.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

/** Locks of tags read at once. */
const mostAtOnce = 32;

/** Reads what is known of manifests from the `repositories` table. */
export function evidenceReader(repositories: Table): EvidenceReader {
  async function some<T>(
    partitionKey: string,
    prefix: string,
    limit: number,
    read: (row: StoredRow) => T,
  ): Promise<Some<T>> {
    const items: T[] = [];
    for await (const row of rowsOf(repositories, { partitionKey, ...keysUnder(prefix) }, limit + 1)) {
      if (items.length === limit) return { items, isMore: true };
      items.push(read(row));
    }
    return { items, isMore: false };
  }

  return {
    async evidence(repository, digest, limit) {
      const partition = repositoryKey(repository);
      const get = (rowKey: string) => repositories.get(partition, rowKey);
      const [head, description, locks, edges, children, parents, referrers] = await Promise.all([
        get(manifestHeadKey(digest)),
        get(descriptionKey(digest)),
        get(locksKey(digest)),
        some(partition, `${manifestHeadKey(digest)}|`, limit, readEdge),
        some(partition, childKey(digest, ''), limit, readChild),
        some(partition, parentKey(digest, ''), limit, lastDigest),
        some(partition, referrerKey(digest, ''), limit, (row) => ({
          digest: lastDigest(row),
          ...optional('artifactType', textOf(row, 'artifactType')),
        })),
      ]);
      const tags: TagOfDigest[] = [];
      for (let start = 0; start < edges.items.length; start += mostAtOnce) {
        const few = edges.items.slice(start, start + mostAtOnce);
        const rows = await Promise.all(few.map(({ tag }) => get(locksKey(tag))));
        for (const [index, edge] of few.entries()) {
          const row = rows[index];
          tags.push({ ...edge, ...optional('locks', row && readLocks(row)) });
        }
      }
      return {
        ...optional('head', head && readManifestHead(head)),
        ...optional('description', description && readDescription(description)),
        ...optional('locks', locks && readLocks(locks)),
        tags: { items: tags, isMore: edges.isMore },
        children,
        parents,
        referrers,
      };
    },
  };
}

function lastDigest(row: StoredRow) {
  const digest = parseDigest(row.rowKey.split('|').at(-1) ?? '');
  if (digest === undefined) throw corrupt(row);
  return digest;
}
