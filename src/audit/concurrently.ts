/**
 * Works on items several at a time, as they come: a sequence is read no further than its items are worked on. The first
 * fault ends the sequence, and is thrown once what was begun has ended.
 */
export async function concurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const faults: unknown[] = [];
  // One iterator for all: each worker takes the next item that no other has.
  const waiting = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();

  async function worker(): Promise<void> {
    try {
      for (let next = await waiting.next(); !next.done; next = await waiting.next()) {
        if (faults.length > 0) return;
        await work(next.value);
      }
    } catch (error) {
      faults.push(error);
    }
  }

  await Promise.all(Array.from({ length: most }, worker));
  if (faults.length === 0) return;
  await waiting.return?.();
  throw faults[0];
}
