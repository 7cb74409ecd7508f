/** Numbers that a seed decides. */
export interface Random {
  /** A whole number from 0, below `most`. */
  below(most: number): number;
  pick<T>(some: readonly T[]): T;
  /** True once in so many times. */
  once(inTimes: number): boolean;
}

/** The generator mulberry32, of 32 bits: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function randomBy(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const below = (most: number) => Math.floor((next() / 0x1_0000_0000) * most);
  return {
    below,
    once: (inTimes) => below(inTimes) === 0,
    pick<T>(some: readonly T[]): T {
      const [one] = some.slice(below(some.length));
      if (one === undefined) throw new RangeError('nothing to pick from');
      return one;
    },
  };
}
