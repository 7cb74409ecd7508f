/** One measured figure, with the goal it is held against. */
export interface Figure {
  /** Two spaces before it: it belongs to the figure above that has none. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Such as `≤ 4`; absent for figures that only describe. */
  readonly goal?: string;
  readonly met?: boolean;
}

/** A figure that should not be above a limit. */
export function atMost(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value, unit, goal: `≤ ${limit}`, met: value <= limit };
}

/** A figure that should not be below a limit. */
export function atLeast(name: string, value: number, unit: string, limit: number): Figure {
  return { name, value, unit, goal: `≥ ${limit}`, met: value >= limit };
}

/** The value below which the given part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
