import type { PresentTag, RepositoryTags } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { TagHead } from '../history/head.ts';
import { optional } from './entry-codec.ts';
import { readTagHead } from './head-codec.ts';
import { childKey, descriptionKey, keysUnder, locksKey, repositoryKey, tagHeadKey } from './keys.ts';
import { readChild, readDescription, readLocks } from './observation-codec.ts';
import { fullPage, type Table } from './row.ts';

/** Children of an index read for one tag. */
const mostChildren = 20;

/** Reads the tags of repositories from the `repositories` table: one query for a page, and a few rows for each of its tags. */
export function repositoryTags(repositories: Table): RepositoryTags {
  async function described(id: RepositoryId, { tag, holding }: TagHead): Promise<PresentTag> {
    const partition = repositoryKey(id);
    const { digest } = holding;
    const [description, locks, manifestLocks] = await Promise.all([
      repositories.get(partition, descriptionKey(digest)),
      repositories.get(partition, locksKey(tag)),
      repositories.get(partition, locksKey(digest)),
    ]);
    const known = description && readDescription(description);
    const listed =
      known?.children === undefined
        ? []
        : (
            await repositories.page(
              { partitionKey: partition, ...keysUnder(childKey(digest, '')) },
              mostChildren,
            )
          ).rows;
    return {
      tag,
      holding,
      children: listed.map(readChild),
      ...optional('description', known),
      ...optional('locks', locks && readLocks(locks)),
      ...optional('manifestLocks', manifestLocks && readLocks(manifestLocks)),
    };
  }

  return {
    async page(repository, limit, after) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder(tagHeadKey(''), after === undefined ? {} : { after: tagHeadKey(after) }),
      };
      const { rows, next } = await fullPage(repositories, range, limit);
      const heads = rows.map(readTagHead);
      const present = heads.filter(({ endedAt }) => endedAt === undefined);
      const items = await Promise.all(present.map((head) => described(repository, head)));
      return { items, ...optional('next', next === undefined ? undefined : heads.at(-1)?.tag) };
    },
  };
}
