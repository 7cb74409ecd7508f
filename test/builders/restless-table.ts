import { AuditFault } from '../../src/audit/fault.ts';
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

/** How many calls in a hundred meet a fault. */
export interface Faults {
  /** Refused before anything is done. */
  readonly refused?: number;
  /** Done, but the answer is lost: the caller cannot know. */
  readonly lost?: number;
  /** Done, the answer lost, and done again by a client that retries, which sees only the second answer. */
  readonly retried?: number;
  /** Transactions refused: what takes several is cut off between them. */
  readonly cutOff?: number;
  /** Pages that end early or are empty, with more to follow. */
  readonly short?: number;
}

/** The table, answering every call after a random number of turns of others, and meeting the faults asked for. */
export function restlessTable(table: Table, chance: Chance, faults: Faults = {}): Table {
  const meets = (percent = 0) => chance(99) < percent;

  async function between<T>(call: () => Promise<T>): Promise<T> {
    await turns(chance(6));
    if (meets(faults.refused)) throw fault('refused');
    const answer = await call();
    await turns(chance(6));
    if (meets(faults.lost)) throw fault('the answer was lost');
    return meets(faults.retried) ? call() : answer;
  }

  return {
    get: (partitionKey, rowKey) => between(() => table.get(partitionKey, rowKey)),
    insert: (row) => between(() => table.insert(row)),
    put: (row) => between(() => table.put(row)),
    transact: (operations) =>
      between(() => {
        if (meets(faults.cutOff)) throw fault('cut off');
        return table.transact(operations);
      }),
    page: (range, limit, from) =>
      between(async () => {
        if (!meets(faults.short)) return table.page(range, limit, from);
        const most = chance(2);
        if (most > 0) return table.page(range, Math.min(most, limit), from);
        return { rows: [], next: from ?? { partitionKey: range.partitionKey, rowKey: range.from } };
      }),
  };
}

function fault(message: string): AuditFault {
  return new AuditFault('storage-unreachable', message, { retryable: true });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}
