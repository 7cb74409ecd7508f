/**
 * A point in a repository's history: the registry's own time in epoch milliseconds, and the id of the record that
 * tells it. The id breaks ties, so that any two instants have one order, whatever order they arrived in.
 */
export interface Instant {
  readonly time: number;
  readonly id: string;
}

/**
 * Negative when `a` is before `b`. In one millisecond the smaller id is the newer: rows are keyed by inverted time
 * and then id, newest first, and both orders have to agree.
 */
export function compareInstants(a: Instant, b: Instant): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** Whether `a` is after `b`; anything is after nothing. */
export function isAfter(a: Instant, b: Instant | undefined): boolean {
  return b === undefined || compareInstants(a, b) > 0;
}

/** The later of two instants. */
export function laterOf(a: Instant, b: Instant | undefined): Instant {
  return isAfter(a, b) ? a : (b ?? a);
}

/** The earlier of two instants. */
export function earlierOf(a: Instant, b: Instant | undefined): Instant {
  return b !== undefined && isAfter(a, b) ? b : a;
}

/** Whether both are the same instant. */
export function isSameInstant(a: Instant, b: Instant | undefined): boolean {
  return b !== undefined && a.time === b.time && a.id === b.id;
}
