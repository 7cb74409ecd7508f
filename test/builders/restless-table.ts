import type { Table } from '../../src/storage/row.ts';

/** A random whole number from 0 to `most`. */
export type Chance = (most: number) => number;

/**
 * A small generator of chance (mulberry32), so that what it decided can be repeated from its seed.
 * Source: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function chanceOf(seed: number): Chance {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % (most + 1);
  };
}

/** The table, answering every call after a random number of turns of others. */
export function restlessTable(table: Table, chance: Chance): Table {
  async function between<T>(call: () => Promise<T>): Promise<T> {
    await turns(chance(6));
    const result = await call();
    await turns(chance(6));
    return result;
  }
  return {
    get: (partitionKey, rowKey) => between(() => table.get(partitionKey, rowKey)),
    insert: (row) => between(() => table.insert(row)),
    put: (row) => between(() => table.put(row)),
    transact: (operations) => between(() => table.transact(operations)),
    page: (range, limit, from) => between(() => table.page(range, limit, from)),
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}
