/** The orders a list can be asked for: by name, or by the time of the last update. */
export type ListOrder = 'name' | 'timeasc' | 'timedesc';

export interface PageQuery<T> {
  /** The marker: entries that come after it are listed. It need not exist any more. */
  readonly last: string | undefined;
  readonly order: ListOrder;
  readonly limit: number;
  readonly include: (entry: T) => boolean;
}

interface EntryPage<T> {
  readonly entries: readonly T[];
  /** Whether an entry that belongs on a further page exists. */
  readonly more: boolean;
}

/**
 * Named entries listed in order. Each order is sorted once and again only after a change, so a list of 100,000
 * costs one sort and one binary search for each page.
 */
export interface OrderedEntries<T> {
  readonly size: number;
  get(name: string): T | undefined;
  set(name: string, entry: T): void;
  delete(name: string): void;
  values(): Iterable<T>;
  page(query: PageQuery<T>): EntryPage<T>;
  copy(): OrderedEntries<T>;
}

interface Placed<T> {
  readonly name: string;
  readonly time: string;
  readonly entry: T;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparison(order: ListOrder): (a: Placed<unknown>, b: Placed<unknown>) => number {
  switch (order) {
    case 'name':
      return (a, b) => compareText(a.name, b.name);
    case 'timeasc':
      return (a, b) => compareText(a.time, b.time) || compareText(a.name, b.name);
    case 'timedesc':
      return (a, b) => compareText(b.time, a.time) || compareText(a.name, b.name);
  }
}

function firstAfter<T>(placed: readonly Placed<T>[], marker: Placed<unknown>, order: ListOrder): number {
  const compare = comparison(order);
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = placed[middle];
    if (candidate !== undefined && compare(candidate, marker) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

export function createOrderedEntries<T>(
  timeOf: (entry: T) => string,
  initial: Iterable<readonly [string, T]> = [],
): OrderedEntries<T> {
  const entries = new Map(initial);
  // A page may continue after an entry that was deleted meanwhile (acr purge does): its place stays known.
  const departed = new Map<string, string>();
  const sorted = new Map<ListOrder, readonly Placed<T>[]>();

  function inOrder(order: ListOrder): readonly Placed<T>[] {
    const known = sorted.get(order);
    if (known !== undefined) {
      return known;
    }
    const placed = Array.from(entries, ([name, entry]) => ({ name, time: timeOf(entry), entry }));
    placed.sort(comparison(order));
    sorted.set(order, placed);
    return placed;
  }

  function placeOf(name: string, order: ListOrder): Placed<undefined> | undefined {
    const entry = entries.get(name);
    const time = entry === undefined ? departed.get(name) : timeOf(entry);
    return time === undefined && order !== 'name' ? undefined : { name, time: time ?? '', entry: undefined };
  }

  return {
    get size() {
      return entries.size;
    },
    get: (name) => entries.get(name),
    set(name, entry) {
      entries.set(name, entry);
      departed.delete(name);
      sorted.clear();
    },
    delete(name) {
      const entry = entries.get(name);
      if (entry !== undefined) {
        departed.set(name, timeOf(entry));
        entries.delete(name);
        sorted.clear();
      }
    },
    values: () => entries.values(),
    page({ last, order, limit, include }) {
      const placed = inOrder(order);
      const marker = last === undefined ? undefined : placeOf(last, order);
      const found: T[] = [];
      for (
        let at = marker === undefined ? 0 : firstAfter(placed, marker, order);
        at < placed.length;
        at += 1
      ) {
        const candidate = placed[at];
        if (candidate === undefined || !include(candidate.entry)) {
          continue;
        }
        if (found.length === limit) {
          return { entries: found, more: true };
        }
        found.push(candidate.entry);
      }
      return { entries: found, more: false };
    },
    copy: () => createOrderedEntries(timeOf, entries),
  };
}
