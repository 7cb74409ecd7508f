import type { RecordedReferrers } from '../audit/restore-ports.ts';
import type { ManifestLinks } from '../audit/workload-ports.ts';
import type { RepositoryId } from '../history/fact.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { textOf } from './entry-codec.ts';
import { readManifestHead } from './head-codec.ts';
import {
  childKey,
  descriptionKey,
  edgeKey,
  keysUnder,
  manifestHeadKey,
  parentKey,
  readRepositoryKey,
  referrerKey,
  repositoryKey,
} from './keys.ts';
import { rowsOf, type Table } from './row.ts';

/** Links of one manifest that are read at most. */
const mostLinks = 10_000;

/** Reads how manifests belong together from the `repositories` table, and where digests are from `digests`. */
export function manifestLinks(repositories: Table, digests: Table): ManifestLinks & RecordedReferrers {
  async function digestsUnder(repository: RepositoryId, prefix: string): Promise<readonly Digest[]> {
    const range = { partitionKey: repositoryKey(repository), ...keysUnder(prefix), select: [] };
    const found: Digest[] = [];
    for await (const { rowKey } of rowsOf(repositories, range)) {
      const digest = parseDigest(rowKey.split('|').at(-1) ?? '');
      if (digest !== undefined) found.push(digest);
      if (found.length === mostLinks) break;
    }
    return found;
  }

  return {
    parents: (repository, digest) => digestsUnder(repository, parentKey(digest, '')),
    children: (repository, digest) => digestsUnder(repository, childKey(digest, '')),
    referrers: (repository, digest) => digestsUnder(repository, referrerKey(digest, '')),
    async tagsEver(repository, digest) {
      const prefix = edgeKey(digest, '');
      const range = { partitionKey: repositoryKey(repository), ...keysUnder(prefix), select: [] };
      const tags: string[] = [];
      for await (const { rowKey } of rowsOf(repositories, range)) {
        if (tags.length === mostLinks) return undefined;
        tags.push(rowKey.slice(prefix.length));
      }
      return tags;
    },
    async subject(repository, digest) {
      const row = await repositories.get(repositoryKey(repository), descriptionKey(digest));
      return row && parseDigest(textOf(row, 'subject') ?? '');
    },
    async presence(repository, digest) {
      const row = await repositories.get(repositoryKey(repository), manifestHeadKey(digest));
      return row === undefined ? 'unknown' : readManifestHead(row).presence;
    },
    async places(digest) {
      const places: RepositoryId[] = [];
      for await (const { rowKey } of rowsOf(digests, {
        partitionKey: digest,
        ...keysUnder('r|'),
        select: [],
      })) {
        const [, registry = '', repository = ''] = rowKey.split('|');
        const place = readRepositoryKey(`${registry}|${repository}`);
        if (place !== undefined) places.push(place);
        if (places.length === mostLinks) break;
      }
      return places;
    },
  };
}
