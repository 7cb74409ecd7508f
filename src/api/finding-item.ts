import { estate, type FindingDetail } from '../findings/finding.ts';
import { remedyOf } from '../findings/kind.ts';
import type { Note, StoredFinding, Waiver } from '../findings/lifecycle.ts';
import { toldDetail } from '../findings/told-detail.ts';
import { formatReference } from '../registry/reference.ts';
import { isoTime } from './history-entry.ts';

/** A finding as the API gives it. */
export interface FindingItem {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  /** What it is about, as a reference; absent when that is no image of an audited registry. */
  readonly image?: string;
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
  /** Who said what about it, while that is so. */
  readonly acknowledgement?: NoteItem;
  readonly resolution?: NoteItem;
  readonly waiver?: NoteItem & { readonly owner: string; readonly until: string };
  /** How often it was told again for its age. */
  readonly escalations?: number;
  readonly escalatedAt?: string;
}

/** What somebody said of a finding. */
interface NoteItem {
  readonly by: string;
  readonly byName: string;
  readonly reason: string;
  readonly at: string;
}

/** A finding as the API gives it; absent properties are left out. */
export function findingItem(finding: StoredFinding): FindingItem {
  const { id, kind, severity, status, subject, detail, reopenedAt, resolvedAt } = finding;
  const { acknowledgement, resolution, waiver, escalations, escalatedAt } = finding;
  const { registry, repository, tag, digest } = subject;
  return {
    id,
    kind,
    severity,
    status,
    ...(registry === estate ? {} : { image: formatReference(subject) }),
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    detail: toldDetail(detail),
    remedy: remedyOf(kind),
    firstSeen: isoTime(finding.firstSeen),
    lastSeen: isoTime(finding.lastSeen),
    ...(reopenedAt === undefined ? {} : { reopenedAt: isoTime(reopenedAt) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: isoTime(resolvedAt) }),
    ...(acknowledgement === undefined ? {} : { acknowledgement: noteItem(acknowledgement) }),
    ...(resolution === undefined ? {} : { resolution: noteItem(resolution) }),
    ...(waiver === undefined ? {} : { waiver: waiverItem(waiver) }),
    ...(escalations === undefined ? {} : { escalations }),
    ...(escalatedAt === undefined ? {} : { escalatedAt: isoTime(escalatedAt) }),
  };
}

function noteItem({ at, ...note }: Note): NoteItem {
  const { by, byName, reason } = note;
  return { by, byName, reason, at: isoTime(at) };
}

function waiverItem(waiver: Waiver) {
  return { ...noteItem(waiver), owner: waiver.owner, until: isoTime(waiver.until) };
}
