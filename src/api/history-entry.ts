import type { PlacedEntry } from '../audit/history-pages.ts';
import type { Attribution } from '../history/attribution.ts';
import { formatReference } from '../registry/reference.ts';

/** Who did it by the registry's log, as the API gives it. */
export interface AttributionItem {
  readonly identity?: string;
  readonly address?: string;
  readonly userAgent?: string;
  readonly at: string;
  readonly certainty: string;
  readonly evidence: {
    readonly table: string;
    readonly operation: string;
    readonly correlationId?: string;
    readonly records?: number;
    readonly loginAt?: string;
  };
}

/** An entry of the history as the API gives it. */
export interface HistoryItem {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest: string;
  readonly previousDigest?: string;
  readonly kind: string;
  readonly occurredAt: string;
  readonly notBefore?: string;
  readonly recordedAt: string;
  readonly source: string;
  readonly client: { readonly userAgent?: string; readonly address?: string; readonly actor?: string };
  readonly attribution?: AttributionItem;
  readonly mediaType?: string;
  readonly size?: number;
  readonly locations: readonly string[];
  readonly eventId: string;
  readonly recordId: string;
  readonly requestId?: string;
  readonly notes?: readonly string[];
  /** The digest as a reference that can be pulled. */
  readonly image: string;
}

/** An entry as the API gives it; absent properties are left out. */
export function historyItem({ registry, repository, tag, entry }: PlacedEntry): HistoryItem {
  const { fact, kind, previousDigest, locations } = entry;
  const { digest, mediaType, size, requestId, notes, notBefore, attribution } = fact;
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    digest,
    ...(previousDigest === undefined ? {} : { previousDigest }),
    kind,
    occurredAt: isoTime(fact.at.time),
    ...(notBefore === undefined ? {} : { notBefore: isoTime(notBefore) }),
    recordedAt: isoTime(fact.recordedAt),
    source: fact.source,
    client: fact.client,
    ...(attribution === undefined ? {} : { attribution: attributionItem(attribution) }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
    locations,
    eventId: fact.eventId,
    recordId: fact.at.id,
    ...(requestId === undefined ? {} : { requestId }),
    ...(notes === undefined ? {} : { notes }),
    image: formatReference({ registry, repository, digest }),
  };
}

function attributionItem({ at, evidence, certainty, ...who }: Attribution): AttributionItem {
  const { loginAt, ...records } = evidence;
  return {
    ...who,
    at: isoTime(at),
    certainty,
    evidence: { ...records, ...(loginAt === undefined ? {} : { loginAt: isoTime(loginAt) }) },
  };
}

/** RFC 3339 in UTC with milliseconds. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}
