import type { EvidenceReader, Some, TagOfDigest } from '../audit/digest-evidence.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
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

  /** Edges come right after the head: one query reads both. */
  async function headWithEdges(partitionKey: string, digest: Digest, limit: number) {
    const from = manifestHeadKey(digest);
    const range = { partitionKey, from, before: keysUnder(`${from}|`).before };
    const rows: StoredRow[] = [];
    for await (const row of rowsOf(repositories, range, limit + 2)) {
      rows.push(row);
      if (rows.length === limit + 2) break;
    }
    const head = rows[0]?.rowKey === from ? rows.shift() : undefined;
    const items = rows.slice(0, limit).map(readEdge);
    return {
      edges: { items, isMore: rows.length > limit },
      ...optional('head', head && readManifestHead(head)),
    };
  }

  return {
    async evidence(repository, digest, limit) {
      const partition = repositoryKey(repository);
      const get = (rowKey: string) => repositories.get(partition, rowKey);
      const [{ head, edges }, description, locks, children, parents, referrers] = await Promise.all([
        headWithEdges(partition, digest, limit),
        get(descriptionKey(digest)),
        get(locksKey(digest)),
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
        ...optional('head', head),
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
