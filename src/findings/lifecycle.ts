import type { Finding } from './finding.ts';
import type { Severity } from './kind.ts';
import { severities } from './kind.ts';

/**
 * Where a finding is. `open`: nobody has taken it up. `acknowledged`: somebody has. `waived`: somebody answers for it until a
 * time. `resolved`: it is no more, as far as is known.
 */
export const findingStatuses = ['open', 'acknowledged', 'waived', 'resolved'] as const;
export type FindingStatus = (typeof findingStatuses)[number];

/** Who changes a finding: a principal, or the audit itself. */
export interface Actor {
  readonly id: string;
  readonly name: string;
}

/** The audit itself: looks, and time. */
export const auditItself: Actor = { id: 'acr-audit', name: 'acr-audit' };

/** What somebody said when they changed a finding. */
export interface Note {
  readonly by: string;
  readonly byName: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** That somebody answers for a finding until a time: it comes back when that has come. */
export interface Waiver extends Note {
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** A finding as it is kept: under an id instead of its identity. Its detail may have lost what was too long to keep. */
export interface StoredFinding extends Omit<Finding, 'identity' | 'kind'> {
  /** A kind of `findingKinds`, or one that only a later version knows. */
  readonly kind: string;
  /** 32 hexadecimal digits, the same for the same identity. */
  readonly id: string;
  /** Counts what became of it, from 1. */
  readonly revision: number;
  /** Epoch milliseconds, as all its times. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly status: FindingStatus;
  /** When it was found again after it was last resolved, or came back after a waiver. */
  readonly reopenedAt?: number;
  /** When a look no longer found it, or somebody said so; absent until then. */
  readonly resolvedAt?: number;
  /** Who resolved it by hand, while it is. */
  readonly resolution?: Note;
  readonly acknowledgement?: Note;
  readonly waiver?: Waiver;
  /** How often, and when last, it was told again for its age. */
  readonly escalations?: number;
  readonly escalatedAt?: number;
}

/** What somebody, or time, does to a finding. */
export type FindingEvent =
  | { readonly event: 'acknowledge'; readonly reason: string }
  | { readonly event: 'resolve'; readonly reason: string }
  | { readonly event: 'waive'; readonly reason: string; readonly owner: string; readonly until: number }
  | { readonly event: 'reopen'; readonly reason: string }
  /** The time has come to tell it again, or its waiver has ended. */
  | { readonly event: 'age' };

/** What became of a finding. */
export const findingChanges = [
  'opened',
  'reopened',
  'changed',
  'acknowledged',
  'waived',
  'escalated',
  'resolved',
] as const;
export type FindingChange = (typeof findingChanges)[number];

/** A finding as something made it, and what became of it; nothing when only its detail is newer. */
export interface Advance {
  readonly finding: StoredFinding;
  readonly change?: FindingChange;
}

/** When a finding was opened, for the first time or again. */
export function openedAt({ firstSeen, reopenedAt }: StoredFinding): number {
  return reopenedAt ?? firstSeen;
}

/** The longest that a finding may be waived, in milliseconds: a year. */
const longestWaiver = 366 * 86_400_000;

/** A finding once a look at a time saw it; `undefined` when that changes nothing. */
export function seen(
  known: StoredFinding | undefined,
  id: string,
  { kind, severity, subject, detail }: Omit<Finding, 'identity'>,
  at: number,
): Advance | undefined {
  const now = { id, kind, severity, subject, detail, lastSeen: at };
  if (known === undefined) {
    return { finding: { ...now, revision: 1, firstSeen: at, status: 'open' }, change: 'opened' };
  }
  const { firstSeen, resolvedAt } = known;
  if (resolvedAt !== undefined) {
    // A look from before it was resolved, told late.
    if (at < resolvedAt) return undefined;
    return { finding: reopened({ ...known, ...now, firstSeen }, at), change: 'reopened' };
  }
  if (at < known.lastSeen) return undefined;
  const isWorse = severities.indexOf(severity) < severities.indexOf(known.severity);
  // Who answered for it did not answer for this.
  const isOver = known.waiver !== undefined && (isWorse || at >= known.waiver.until);
  if (isOver) return { finding: reopened({ ...known, ...now }, at), change: 'reopened' };
  const finding = { ...known, ...now };
  if (severity === known.severity) return { finding };
  return { finding: next(finding), change: 'changed' };
}

/** A finding that a look at a time no longer found; `undefined` when that changes nothing. */
export function settled(known: StoredFinding | undefined, at: number): Advance | undefined {
  // Found by a later look.
  if (known === undefined || known.status === 'resolved' || known.lastSeen > at) return undefined;
  return { finding: next({ ...known, status: 'resolved', resolvedAt: at }), change: 'resolved' };
}

/** A finding as an event leaves it, or why it cannot be; `undefined` when that changes nothing. */
export function advanceFinding(
  known: StoredFinding,
  event: FindingEvent,
  by: Actor,
  at: number,
): Advance | { readonly problem: string } | undefined {
  const isResolved = known.status === 'resolved';
  const noteOf = (reason: string): Note => ({ by: by.id, byName: by.name, reason, at });
  switch (event.event) {
    case 'acknowledge': {
      if (isResolved) return { problem: 'is resolved: there is nothing to acknowledge' };
      const { waiver: _, ...finding } = known;
      const acknowledgement = noteOf(event.reason);
      return {
        finding: next({ ...finding, status: 'acknowledged', acknowledgement }),
        change: 'acknowledged',
      };
    }
    case 'resolve': {
      if (isResolved) return { problem: 'is resolved already' };
      const resolution = noteOf(event.reason);
      // Looks that are under way may have begun before.
      return {
        finding: next({ ...known, status: 'resolved', resolvedAt: at, resolution }),
        change: 'resolved',
      };
    }
    case 'waive': {
      if (isResolved) return { problem: 'is resolved: there is nothing to waive' };
      if (event.until <= at) return { problem: 'would be waived until a time that is past' };
      if (event.until > at + longestWaiver) return { problem: 'would be waived for more than a year' };
      const waiver = { ...noteOf(event.reason), owner: event.owner, until: event.until };
      return { finding: next({ ...known, status: 'waived', waiver }), change: 'waived' };
    }
    case 'reopen': {
      if (known.status === 'open') return { problem: 'is open already' };
      return { finding: reopened(known, at), change: 'reopened' };
    }
    case 'age': {
      if (known.waiver !== undefined && !isResolved && at >= known.waiver.until) {
        return { finding: reopened(known, at), change: 'reopened' };
      }
      if (!isEscalationDue(known, at)) return undefined;
      const escalations = (known.escalations ?? 0) + 1;
      return { finding: next({ ...known, escalations, escalatedAt: at }), change: 'escalated' };
    }
  }
}

const msPerHour = 3_600_000;
/** How long a finding may lie open before it is told again, and again after as long; the least are not. */
const patience: Readonly<Record<Severity, number>> = {
  critical: msPerHour,
  high: 24 * msPerHour,
  medium: 7 * 24 * msPerHour,
  low: Number.POSITIVE_INFINITY,
};
/** How often a finding is told again before everybody has stopped listening. */
const mostEscalations = 5;

/** Whether a finding that nobody took up has to be told again. */
export function isEscalationDue(finding: StoredFinding, now: number): boolean {
  const { status, severity, escalations = 0, escalatedAt } = finding;
  if (status !== 'open' || escalations >= mostEscalations) return false;
  return now - Math.max(openedAt(finding), escalatedAt ?? 0) >= patience[severity];
}

function reopened(known: StoredFinding, at: number): StoredFinding {
  const {
    resolvedAt: _at,
    resolution: _by,
    acknowledgement: _note,
    waiver: _waiver,
    escalations: _count,
    escalatedAt: _last,
    ...finding
  } = known;
  return next({ ...finding, status: 'open', reopenedAt: at });
}

function next(finding: StoredFinding): StoredFinding {
  return { ...finding, revision: finding.revision + 1 };
}
