import type { StoredFinding } from '../audit/findings.ts';
import { type FindingDetail, isTimeName } from '../findings/finding.ts';
import { findingKinds } from '../findings/kind.ts';
import { formatReference } from '../registry/reference.ts';
import { isoTime } from './history-entry.ts';

/** A finding as the API gives it. */
export interface FindingItem {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  /** What it is about, as a reference. */
  readonly image: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  /** As found; times are RFC 3339 here. */
  readonly detail: FindingDetail;
  readonly remedy: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly reopenedAt?: string;
  readonly resolvedAt?: string;
}

/** A finding as the API gives it; absent properties are left out. */
export function findingItem(finding: StoredFinding): FindingItem {
  const { id, kind, severity, status, subject, detail, reopenedAt, resolvedAt } = finding;
  const { registry, repository, tag, digest } = subject;
  return {
    id,
    kind,
    severity,
    status,
    image: formatReference(subject),
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    detail: toldDetail(detail),
    remedy: findingKinds[kind].remedy,
    firstSeen: isoTime(finding.firstSeen),
    lastSeen: isoTime(finding.lastSeen),
    ...(reopenedAt === undefined ? {} : { reopenedAt: isoTime(reopenedAt) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: isoTime(resolvedAt) }),
  };
}

/** The latest time that Date holds: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const latestTime = 8_640_000_000_000_000;

function toldDetail(detail: FindingDetail): FindingDetail {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) =>
      isTimeName(name) && typeof value === 'number' && Math.abs(value) <= latestTime
        ? [name, isoTime(value)]
        : [name, value],
    ),
  );
}
