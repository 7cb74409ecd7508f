/** What a soak does, and for how long. */
export interface SoakPlan {
  readonly minutes: number;
  /** Events that the registry tells, per second. */
  readonly rate: number;
  readonly repositories: number;
  /** Decides what happens, in which order, and how it is delivered; not how long anything takes. */
  readonly seed: string;
  /** Seconds between two samples. */
  readonly sampleEvery: number;
  /** Seconds between two runs of what timers begin less often. Thirds of a soak are only alike where each has as many. */
  readonly roundEvery: number;
  /** Seconds between an event and its latest first delivery. */
  readonly latestDelivery: number;
  /** Manifests above which a repository loses more than it gains. */
  readonly manifestsKept: number;
}

/** A soak as the command runs it unless told otherwise. */
export const usualPlan: SoakPlan = {
  minutes: 30,
  rate: 50,
  repositories: 200,
  seed: '1',
  sampleEvery: 20,
  roundEvery: 600,
  latestDelivery: 20,
  manifestsKept: 40,
};

/** Whole numbers from 0 to below `count`, as evenly as the random numbers are. */
export function below(count: number, random: () => number): number {
  return Math.floor(random() * count);
}

/** One of some, `undefined` of none. */
export function oneOf<T>(some: readonly T[], random: () => number): T | undefined {
  return some[below(some.length, random)];
}
