import { type FindingDetail, isTimeName } from './finding.ts';

/** The latest time that Date holds: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const latestTime = 8_640_000_000_000_000;

/** A detail as it is told outside: its times are RFC 3339, in UTC. */
export function toldDetail(detail: FindingDetail): FindingDetail {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) =>
      isTimeName(name) && typeof value === 'number' && Math.abs(value) <= latestTime
        ? [name, new Date(value).toISOString()]
        : [name, value],
    ),
  );
}
