import type { ChangeKind } from '../history/entry.ts';
import type { Fact } from '../history/fact.ts';
import type { HistoryPages, HistorySpan, PlacedEntry } from './history-pages.ts';

/** A question to history. */
export interface HistoryQuery extends HistorySpan {
  readonly limit: number;
  readonly kinds?: readonly ChangeKind[];
  /** Texts of which the user agent, address, actor or identity, by the event or by the log, contains one, in any letter case. */
  readonly client?: readonly string[];
}

/** Entries read for one answer, matching or not: a rare match is found page by page, never in one long request. */
const maxScanned = 5_000;

/** The most entries of a page. */
const largestPage = 1_000;

/**
 * Answers a question to history: matching entries, newest first, and where to go on. A page may hold fewer entries than
 * asked for, even none, and still go on.
 */
export function queryHistory({ pages }: { readonly pages: HistoryPages }) {
  return async (query: HistoryQuery): Promise<{ items: readonly PlacedEntry[]; next?: string }> => {
    const { limit, kinds, client, ...span } = query;
    const items: PlacedEntry[] = [];
    let after = span.after;
    // The first page mostly is enough; what has to be searched further is read in few calls.
    for (let scanned = 0, size = limit; scanned < maxScanned; size = largestPage) {
      const page = await pages.page({ ...span, ...(after === undefined ? {} : { after }) }, size);
      scanned += Math.max(page.entries.length, 1);
      for (const placed of page.entries) {
        if (!isWanted(placed, kinds, client)) continue;
        items.push(placed);
        if (items.length < limit) continue;
        const isEnd = page.next === undefined && placed === page.entries.at(-1);
        return isEnd ? { items } : { items, next: placed.position };
      }
      if (page.next === undefined) return { items };
      after = page.next;
    }
    return { items, ...(after === undefined ? {} : { next: after }) };
  };
}

function isWanted(
  { entry }: PlacedEntry,
  kinds: readonly ChangeKind[] | undefined,
  client: readonly string[] | undefined,
): boolean {
  // Another replica's copy is part of what it repeats, which lists its region.
  if (entry.replicaOf !== undefined) return false;
  if (kinds !== undefined && !kinds.includes(entry.kind)) return false;
  return client === undefined || client.some((text) => mentions(entry.fact, text));
}

function mentions({ client, attribution }: Fact, text: string): boolean {
  const wanted = text.toLowerCase();
  const told = [client.userAgent, client.address, client.actor];
  const logged = [attribution?.identity, attribution?.address, attribution?.userAgent];
  return [...told, ...logged].some((value) => value?.toLowerCase().includes(wanted));
}
