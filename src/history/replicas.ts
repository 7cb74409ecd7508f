import type { Fact } from './fact.ts';
import { compareInstants, type Instant } from './instant.ts';

/**
 * How long after a push or delete another region's telling of the same is taken for its copy to a replica. A
 * geo-replicated registry may tell each change once per replica ("deduplicate as needed",
 * https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication); how much later is not
 * documented.
 */
export const replicaWindowMs = 3_600_000;

/** A push or delete told first by one region, and the regions that told it since. */
export interface Told {
  readonly at: Instant;
  readonly digest: string;
  readonly locations: readonly string[];
}

/**
 * The earliest telling of which this fact is only the copy to another replica: the same action on the same digest (and
 * tag), told by another region within the window, and not yet told by this one. `told` holds only tellings of that
 * action and tag.
 */
export function originOf(fact: Fact, told: readonly Told[]): Told | undefined {
  const { location } = fact;
  if (location === undefined) return undefined;
  return told.find(
    (one) =>
      one.digest === fact.digest &&
      one.locations.length > 0 &&
      !one.locations.includes(location) &&
      compareInstants(one.at, fact.at) < 0 &&
      fact.at.time - one.at.time <= replicaWindowMs,
  );
}

/** The tellings with the fact added, as a first telling or as one more region of its origin; stale ones dropped. */
export function withTelling(fact: Fact, origin: Told | undefined, told: readonly Told[]): readonly Told[] {
  const recent = told.filter((one) => fact.at.time - one.at.time <= replicaWindowMs);
  if (origin === undefined) {
    return [...recent, { at: fact.at, digest: fact.digest, locations: regionsOf(fact.location) }];
  }
  return recent.map((one) =>
    one === origin ? { ...one, locations: regionsOf(...one.locations, fact.location) } : one,
  );
}

/** Region names without repeats, in alphabetical order. */
export function regionsOf(...locations: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(locations.filter((location) => location !== undefined))].sort();
}
