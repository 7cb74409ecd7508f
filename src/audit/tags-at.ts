import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { HistoryPages } from './history-pages.ts';
import type { HistoryReader } from './ports.ts';
import { resolveTag } from './resolve-tag.ts';

/** Answers which tags pointed to a digest at a time, in epoch milliseconds, in the order of their names. */
export function tagsAt({
  reader,
  pages,
}: {
  readonly reader: Pick<HistoryReader, 'manifest'>;
  readonly pages: HistoryPages;
}) {
  const resolve = resolveTag({ pages });
  return async (repository: RepositoryId, digest: Digest, at: number): Promise<readonly string[]> => {
    const { edges } = await reader.manifest(repository, digest);
    const held: string[] = [];
    for (const { value } of edges) {
      const resolution = await resolve(repository, value.tag, at);
      if (resolution.outcome === 'resolved' && resolution.digest === digest) held.push(value.tag);
    }
    return held.sort();
  };
}
