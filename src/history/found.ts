import { type Fact, isFound } from './fact.ts';
import { compareInstants, type Instant, isAfter } from './instant.ts';

/**
 * Milliseconds by which a registry's own time of a push, as it lists it, may differ from the time its event gives. Both
 * are written within one request; recorded ones differ by milliseconds.
 */
export const announcementToleranceMs = 5_000;

/**
 * The event that tells what was found in the registry, when there is one: found and announced are then one fact, told
 * twice, and the event's telling counts. A found deletion is somewhere in its window; a push has the registry's own time.
 *
 * An earlier event can tell it only while what that event told still holds: `standing` is the newest such event, if any.
 * What was undone since and is found again happened again. `facts` are all that a later event may be among.
 */
export function announcementOf(
  found: Fact,
  standing: Instant | undefined,
  facts: readonly Fact[],
): Instant | undefined {
  const from = (found.notBefore ?? found.at.time) - announcementToleranceMs;
  if (standing !== undefined && standing.time >= from) return standing;
  const to = found.at.time + announcementToleranceMs;
  return facts
    .filter((fact) => !isFound(fact) && fact.action === found.action && fact.digest === found.digest)
    .filter(({ at }) => isAfter(at, found.at) && at.time <= to)
    .map(({ at }) => at)
    .sort(compareInstants)[0];
}

/** Whether a fact may be the announcement of what was last found; `false` is certain. */
export function mayAnnounce(fact: Fact, lastFound: Instant | undefined): boolean {
  if (lastFound === undefined || isFound(fact)) return false;
  return !isAfter(fact.at, { time: lastFound.time + announcementToleranceMs, id: '' });
}
