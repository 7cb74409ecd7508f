import type { PresentTag, RepositoryTags, TagDetail } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { TagHead } from '../history/head.ts';
import type { ManifestDescription } from '../history/observation.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';
import { optional } from './entry-codec.ts';
import { readTagHead } from './head-codec.ts';
import { childKey, descriptionKey, keysUnder, locksKey, repositoryKey, tagHeadKey } from './keys.ts';
import { readChild, readDescription, readLocks } from './observation-codec.ts';
import { fullPage, type StoredRow, type Table } from './row.ts';

/** Children of an index that are told of one tag. */
const mostChildren = 20;
/** Rows read by one query, of which a page needs some. */
const mostRows = 1_000;

/** Rows that may be needed by their keys, and whether those are all there are between the first and the last. */
interface Stretch {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly isWhole: boolean;
}

/**
 * Reads the tags of repositories from the `repositories` table. What they point to lies all over the partition, a row or more
 * for each; a filter that names the rows would have storage look through all of it
 * (https://learn.microsoft.com/azure/storage/tables/table-storage-design-for-query). So what lies between the first and the
 * last row wanted is read, one query for each kind of row, where that is at most 1,000 rows.
 */
export function repositoryTags(repositories: Table): RepositoryTags {
  /** What there is from the first to the last of some keys, by one query; nothing is asked for no key. */
  async function between(partitionKey: string, keys: readonly string[], end = ' '): Promise<Stretch> {
    const sorted = keys.toSorted();
    const [first, last] = [sorted[0], sorted.at(-1)];
    if (first === undefined || last === undefined) return { rows: new Map(), isWhole: true };
    const range = { partitionKey, from: first, before: `${last}${end}` };
    const { rows, next } = await repositories.page(range, mostRows);
    return { rows: new Map(rows.map((row) => [row.rowKey, row])), isWhole: next === undefined };
  }

  /** Each row of these keys: from the stretch where that is whole, one by one where all are wanted nevertheless. */
  async function rowsOf(partition: string, keys: readonly string[], areAllWanted: boolean): Promise<Stretch> {
    const unique = [...new Set(keys)];
    const stretch = await between(partition, unique);
    if (stretch.isWhole || !areAllWanted) return stretch;
    const rows = await Promise.all(unique.map((key) => repositories.get(partition, key)));
    const found = rows.flatMap((row) => (row === undefined ? [] : [[row.rowKey, row] as const]));
    return { rows: new Map(found), isWhole: true };
  }

  async function childrenOf(partition: string, indexes: readonly Digest[], areAllWanted: boolean) {
    const unique = [...new Set(indexes)];
    const stretch = await between(
      partition,
      unique.map((index) => childKey(index, '')),
      '~',
    );
    const byIndex = new Map<Digest, readonly ManifestChild[]>();
    if (stretch.isWhole) {
      const rows = Map.groupBy(stretch.rows.values(), ({ rowKey }) => rowKey.split('|')[1]);
      for (const index of unique)
        byIndex.set(index, (rows.get(index) ?? []).slice(0, mostChildren).map(readChild));
    } else if (areAllWanted) {
      await Promise.all(
        unique.map(async (index) => {
          const range = { partitionKey: partition, ...keysUnder(childKey(index, '')) };
          byIndex.set(index, (await repositories.page(range, mostChildren)).rows.map(readChild));
        }),
      );
    }
    return { byIndex, isWhole: stretch.isWhole || areAllWanted };
  }

  async function described(id: RepositoryId, heads: readonly TagHead[], areAllWanted: boolean) {
    const partition = repositoryKey(id);
    const digests = heads.map(({ holding }) => holding.digest);
    const keysFor = (key: (of: string) => string, of: readonly string[]) => of.map(key);
    const tags = heads.map(({ tag }) => tag);
    const [tagLocks, manifestLocks, { descriptions, children }] = await Promise.all([
      rowsOf(partition, keysFor(locksKey, tags), areAllWanted),
      rowsOf(partition, keysFor(locksKey, digests), areAllWanted),
      rowsOf(partition, keysFor(descriptionKey, digests), areAllWanted).then(async (stretch) => {
        const known = new Map<string, ManifestDescription>();
        for (const digest of digests) {
          const row = stretch.isWhole ? stretch.rows.get(descriptionKey(digest)) : undefined;
          if (row !== undefined) known.set(digest, readDescription(row));
        }
        const indexes = digests.filter((digest) => known.get(digest)?.children !== undefined);
        return {
          descriptions: { known, isWhole: stretch.isWhole },
          children: await childrenOf(partition, indexes, areAllWanted),
        };
      }),
    ]);
    const locksIn = (stretch: Stretch, of: string): LockState | undefined => {
      const row = stretch.isWhole ? stretch.rows.get(locksKey(of)) : undefined;
      return row && readLocks(row);
    };
    const items = heads.map(
      ({ tag, holding }): PresentTag => ({
        tag,
        holding,
        children: children.byIndex.get(holding.digest) ?? [],
        ...optional('description', descriptions.known.get(holding.digest)),
        ...optional('locks', locksIn(tagLocks, tag)),
        ...optional('manifestLocks', locksIn(manifestLocks, holding.digest)),
      }),
    );
    const unread = new Set<TagDetail>();
    if (!descriptions.isWhole) unread.add('content');
    if (!descriptions.isWhole || !children.isWhole) unread.add('platforms');
    if (!tagLocks.isWhole) unread.add('locks');
    if (!manifestLocks.isWhole) unread.add('manifest-locks');
    return { items, unread };
  }

  return {
    async page(repository, limit, { after, areAllWanted = false } = {}) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder(tagHeadKey(''), after === undefined ? {} : { after: tagHeadKey(after) }),
      };
      const { rows, next } = await fullPage(repositories, range, limit);
      const heads = rows.map(readTagHead);
      const present = heads.filter(({ endedAt }) => endedAt === undefined);
      const told = await described(repository, present, areAllWanted);
      return { ...told, ...optional('next', next === undefined ? undefined : heads.at(-1)?.tag) };
    },
  };
}
