/** Two sides of the same key; at least one is there. */
export interface Pair<A, B> {
  readonly key: string;
  readonly left?: A;
  readonly right?: B;
}

/** Thrown when the left side is not in the order of its keys, so that it cannot be joined as it comes. */
export class OutOfOrder extends Error {
  constructor(before: string, after: string) {
    super(`"${after}" came after "${before}"`);
    this.name = 'OutOfOrder';
  }
}

/**
 * Joins two sequences in ascending order of their keys (by code units), holding one item of each. Throws
 * {@link OutOfOrder} when the left one is not in that order; the right one is ours and is.
 */
export async function* joined<A, B>(
  left: AsyncIterable<A>,
  leftKey: (item: A) => string,
  right: AsyncIterable<B>,
  rightKey: (item: B) => string,
): AsyncGenerator<Pair<A, B>> {
  const others = right[Symbol.asyncIterator]();
  let other = await others.next();
  let last: string | undefined;
  for await (const item of left) {
    const key = leftKey(item);
    if (last !== undefined && key <= last) throw new OutOfOrder(last, key);
    last = key;
    while (!other.done && rightKey(other.value) < key) {
      yield { key: rightKey(other.value), right: other.value };
      other = await others.next();
    }
    if (!other.done && rightKey(other.value) === key) {
      yield { key, left: item, right: other.value };
      other = await others.next();
    } else {
      yield { key, left: item };
    }
  }
  for (; !other.done; other = await others.next()) {
    yield { key: rightKey(other.value), right: other.value };
  }
}
