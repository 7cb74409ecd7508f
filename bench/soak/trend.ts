import { median } from '../figure.ts';

/** A value at a time. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/**
 * The slope of values over time by Theil and Sen: the median of the slopes between all pairs, which a few wild values do
 * not move (https://en.wikipedia.org/wiki/Theil-Sen_estimator). 0 of fewer than two points.
 */
export function slopeOf(points: readonly Point[]): number {
  const slopes = points.flatMap((one, index) =>
    points
      .slice(index + 1)
      .filter(({ at }) => at !== one.at)
      .map(({ at, value }) => (value - one.value) / (at - one.at)),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}

/** The part of a list from one share of its length to another. */
export function partOf<T>(items: readonly T[], from: number, to: number): readonly T[] {
  return items.slice(Math.floor(items.length * from), Math.floor(items.length * to));
}
