import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { HistoryPages } from './history-pages.ts';

/**
 * What a tag pointed to at a time. `exact`: it surely did then; `window`: it ended somewhere in a window of time that the
 * asked time lies in. Ends that are only known to lie in a window say since when: `…NotBefore`. Epoch milliseconds.
 */
export type TagResolution =
  | {
      readonly outcome: 'resolved';
      readonly digest: Digest;
      readonly since: number;
      readonly sinceNotBefore?: number;
      readonly until?: number;
      readonly untilNotBefore?: number;
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
    const endsFrom = until?.notBefore;
    return {
      outcome: 'resolved',
      digest: fact.digest,
      since: fact.at.time,
      ...(fact.notBefore === undefined ? {} : { sinceNotBefore: fact.notBefore }),
      ...(until === undefined ? {} : { until: until.time }),
      ...(endsFrom === undefined ? {} : { untilNotBefore: endsFrom }),
      certainty: endsFrom !== undefined && time >= endsFrom ? 'window' : 'exact',
      entry,
    };
  };
}
