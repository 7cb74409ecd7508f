import type { Alert } from '../audit/inventory-ports.ts';
import { boundedDetail } from '../findings/bounded-detail.ts';
import { estate, type FindingDetail } from '../findings/finding.ts';
import { remedyOf } from '../findings/kind.ts';
import { toldDetail } from '../findings/told-detail.ts';
import { formatReference } from '../registry/reference.ts';

/** An alert as a CloudEvent: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export interface AlertEvent {
  readonly specversion: '1.0';
  /** The same for the same change, however often it is sent. */
  readonly id: string;
  /** `/acr-audit/` and the registry. */
  readonly source: string;
  /** `acr-audit.finding.` and what became of it. */
  readonly type: string;
  /** The finding's id. */
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: AlertData;
}

/** What an alert tells: the finding as it was then. Texts in it may come from outside: encode them where they are shown. */
export interface AlertData {
  readonly id: string;
  readonly change: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  /** As a reference; absent when it is about no image of an audited registry. */
  readonly image?: string;
  readonly by: string;
  readonly detail: FindingDetail;
  readonly remedy: string;
  /** RFC 3339, both. */
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** UTF-16 units of a detail, so that the event, in UTF-8, is below what Event Grid bills and takes as one: 64 KiB. */
const longestDetail = 12 * 1024;

/** The event that tells an alert. */
export function alertEvent({ id, change, at, by, finding }: Alert): AlertEvent {
  const { kind, severity, status, subject, detail, firstSeen, lastSeen } = finding;
  const { registry, repository, tag, digest } = subject;
  return {
    specversion: '1.0',
    id,
    source: `/acr-audit/${registry}`,
    type: `acr-audit.finding.${change}`,
    subject: finding.id,
    time: isoTime(at),
    datacontenttype: 'application/json',
    data: {
      id: finding.id,
      change,
      kind,
      severity,
      status,
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
      ...(registry === estate ? {} : { image: formatReference(subject) }),
      by: by.name,
      detail: boundedDetail(toldDetail(detail), longestDetail),
      remedy: remedyOf(kind),
      firstSeen: isoTime(firstSeen),
      lastSeen: isoTime(lastSeen),
    },
  };
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
