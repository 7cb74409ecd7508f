import type { DigestEvidence, EvidenceReader, Some, TagOfDigest } from '../audit/digest-evidence.ts';
import type { RepositoryId } from '../history/fact.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';
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

  async function evidenceButTagLocks(
    repository: RepositoryId,
    digest: Digest,
    limit: number,
  ): Promise<DigestEvidence> {
    const partition = repositoryKey(repository);
    const get = (rowKey: string) => repositories.get(partition, rowKey);
    const [{ head, edges }, { description, children }, locks, parents, referrers] = await Promise.all([
      headWithEdges(partition, digest, limit),
      descriptionWithChildren(partition, digest, limit),
      get(locksKey(digest)),
      some(partition, parentKey(digest, ''), limit, lastDigest),
      some(partition, referrerKey(digest, ''), limit, (row) => ({
        digest: lastDigest(row),
        ...optional('artifactType', textOf(row, 'artifactType')),
      })),
    ]);
    return {
      ...optional('head', head),
      ...optional('description', description),
      ...optional('locks', locks && readLocks(locks)),
      tags: edges,
      children,
      parents,
      referrers,
    };
  }

  /** Only an index lists others. What was looked at and is none is not asked for its children. */
  async function descriptionWithChildren(partition: string, digest: Digest, limit: number) {
    const row = await repositories.get(partition, descriptionKey(digest));
    const description = row && readDescription(row);
    const isNoIndex =
      description !== undefined && description.children === undefined && description.unreadable === undefined;
    const children: Some<ManifestChild> = isNoIndex
      ? { items: [], isMore: false }
      : await some(partition, childKey(digest, ''), limit, readChild);
    return { description, children };
  }

  async function locksOfTag(repository: RepositoryId, tag: string): Promise<LockState | undefined> {
    const row = await repositories.get(repositoryKey(repository), locksKey(tag));
    return row && readLocks(row);
  }

  return {
    evidenceButTagLocks,
    locksOfTag,
    async evidence(repository, digest, limit) {
      const evidence = await evidenceButTagLocks(repository, digest, limit);
      const { items, isMore } = evidence.tags;
      const tags: TagOfDigest[] = [];
      for (let start = 0; start < items.length; start += mostAtOnce) {
        const few = items.slice(start, start + mostAtOnce);
        const locks = await Promise.all(few.map(({ tag }) => locksOfTag(repository, tag)));
        tags.push(...few.map((edge, place) => ({ ...edge, ...optional('locks', locks[place]) })));
      }
      return { ...evidence, tags: { items: tags, isMore } };
    },
  };
}

function lastDigest(row: StoredRow) {
  const digest = parseDigest(row.rowKey.split('|').at(-1) ?? '');
  if (digest === undefined) throw corrupt(row);
  return digest;
}
