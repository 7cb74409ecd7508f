import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { HistoryPages } from './history-pages.ts';

/**
 * What a tag pointed to at a time. `exact`: both ends of the stretch are the registry's own times; `window`: the
 * stretch began, or ended, somewhere in a window of time, and the asked time may lie in it.
 */
export type TagResolution =
  | {
      readonly outcome: 'resolved';
      readonly digest: Digest;
      readonly since: number;
      readonly until?: number;
      readonly certainty: 'exact' | 'window';
      readonly entry: Entry;
    }
  /** It pointed to nothing: what it had pointed to was deleted. */
  | { readonly outcome: 'ended'; readonly entry: Entry }
  /** History of the tag begins later. */
  | { readonly outcome: 'before-history'; readonly knownFrom: number }
  /** No event ever named the tag. */
  | { readonly outcome: 'unknown' };

/** Answers what a tag pointed to at a time (epoch milliseconds). */
export function resolveTag({ pages }: { readonly pages: HistoryPages }) {
  return async (repository: RepositoryId, tag: string, time: number): Promise<TagResolution> => {
    const entry = await pages.entryAsOf(repository, tag, time);
    if (entry === undefined) {
      const head = await pages.tagHead(repository, tag);
      if (head === undefined) return { outcome: 'unknown' };
      return { outcome: 'before-history', knownFrom: head.oldestPush.time };
    }
    if (entry.kind === 'deleted' || entry.kind === 'untagged') return { outcome: 'ended', entry };
    const { fact, until } = entry;
    return {
      outcome: 'resolved',
      digest: fact.digest,
      since: fact.at.time,
      ...(until === undefined ? {} : { until: until.time }),
      certainty: fact.notBefore === undefined ? 'exact' : 'window',
      entry,
    };
  };
}
