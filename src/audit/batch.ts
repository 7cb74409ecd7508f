/** Collects items and hands them on many at a time. */
export interface Batch<T> {
  /** Resolves at once, or, when the batch is full, when it was handed on. */
  add(item: T): Promise<void>;
  /** Resolves when everything added so far was handed on. */
  flush(): Promise<void>;
}

/**
 * A batch of items that together cost at most `most`. Batches are handed on one after another; a fault of one is thrown
 * by whoever waits for it, and nothing is handed on after it.
 */
export function batch<T>(
  most: number,
  costOf: (item: T) => number,
  handOn: (items: readonly T[]) => Promise<void>,
): Batch<T> {
  let items: T[] = [];
  let cost = 0;
  let last: Promise<void> = Promise.resolve();

  function flush(): Promise<void> {
    const some = items;
    items = [];
    cost = 0;
    last = some.length === 0 ? last : last.then(() => handOn(some));
    return last;
  }

  return {
    flush,
    async add(item) {
      const added = costOf(item);
      const full = cost + added > most ? flush() : undefined;
      items.push(item);
      cost += added;
      await full;
    },
  };
}
