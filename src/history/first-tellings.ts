import type { AuditRecord } from './fact.ts';
import { originOf, type Told, withTelling } from './replicas.ts';

/**
 * The records that are no other region's copy of an earlier one among them, in the order in which they are given, which is
 * newest first.
 */
export function firstTellings(newestFirst: readonly AuditRecord[]): readonly AuditRecord[] {
  const told = new Map<string, readonly Told[]>();
  const first: AuditRecord[] = [];
  for (const record of newestFirst.toReversed()) {
    const { registry, repository, fact } = record;
    const key = `${registry}/${repository} ${fact.action} ${fact.tag ?? ''}`;
    const before = told.get(key) ?? [];
    const origin = originOf(fact, before);
    told.set(key, withTelling(fact, origin, before));
    if (origin === undefined) first.push(record);
  }
  return first.reverse();
}
