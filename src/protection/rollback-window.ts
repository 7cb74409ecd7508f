import { type Approval, isOver } from './approval.ts';
import { byEnvironment, compareApprovals, stands } from './approval-order.ts';
import { coversApproval, coversRepository, type Hold } from './hold.ts';

/** Why an approval is kept. */
export type WindowReason =
  /** It is the newest release of its environment. */
  | 'current'
  /** Fewer other good releases are newer than it is kept for. */
  | 'recent-release'
  /** It was approved less than its `retainFor` ago. */
  | 'retain-for'
  /** A legal hold covers it. */
  | 'held';

/** When a window ends. */
export type WindowEnd =
  /** Epoch milliseconds. May be in the past. */
  | { readonly kind: 'at'; readonly time: number }
  /** With newer releases, and not before the time (epoch milliseconds). */
  | { readonly kind: 'with-releases'; readonly notBefore: number }
  /** Not before its holds are lifted. */
  | { readonly kind: 'when-lifted'; readonly holds: readonly string[] };

/** Whether and why an approval is kept at an instant, and until when, as far as is known then. */
export interface ApprovalWindow {
  readonly approval: Approval;
  /** Why it is kept; empty when its window is over. */
  readonly reasons: readonly WindowReason[];
  readonly ends: WindowEnd;
}

/** Whether the approval is kept. */
export function isOpen({ reasons }: ApprovalWindow): boolean {
  return reasons.length > 0;
}

/**
 * The windows of approvals at an instant (epoch milliseconds). All approvals of an environment have to be given: each is
 * kept as long as one of its reasons holds. A release counts towards `retainReleases` of older ones once it was protected
 * and found good, or nothing was said against it until its monitoring window ended. A digest approved again counts once.
 * Approvals that failed to be protected or are released have no window: nothing is locked for their sake.
 */
export function windowsAt(
  approvals: readonly Approval[],
  legalHolds: readonly Hold[],
  now: number,
): readonly ApprovalWindow[] {
  return byEnvironment(approvals).flatMap((ofOne) => {
    const newestFirst = ofOne.filter((approval) => !isOver(approval)).sort((a, b) => compareApprovals(b, a));
    const current = newestFirst.find(stands);
    // One answer for all of them: matching a pattern costs more than everything else here.
    const onAll = new Set(legalHolds.filter((hold) => coversRepository(hold, ofOne[0])));
    return newestFirst.map((approval) => {
      const covering = legalHolds
        .filter((hold) => onAll.has(hold) || coversApproval(hold, approval.id))
        .map(({ id }) => id);
      const crowdedOut = crowdedOutAt(approval, newestFirst);
      const reasons = reasonsAt(approval, { isCurrent: approval === current, crowdedOut, now });
      const held: readonly WindowReason[] = covering.length > 0 ? ['held'] : [];
      return {
        approval,
        reasons: [...reasons, ...held],
        ends:
          covering.length > 0
            ? { kind: 'when-lifted', holds: covering }
            : endOf(approval, reasons, crowdedOut),
      };
    });
  });
}

/** What an approval's place among the others comes to. */
interface Place {
  readonly isCurrent: boolean;
  readonly crowdedOut: number | undefined;
  readonly now: number;
}

function reasonsAt(approval: Approval, { isCurrent, crowdedOut, now }: Place): readonly WindowReason[] {
  if (!stands(approval)) return [];
  const isRecent = approval.outcome !== 'failed' && (crowdedOut === undefined || now < crowdedOut);
  return [
    ...(isCurrent ? (['current'] as const) : []),
    ...(isRecent ? (['recent-release'] as const) : []),
    ...(now < approval.requestedAt + approval.retainFor ? (['retain-for'] as const) : []),
  ];
}

function endOf(
  approval: Approval,
  reasons: readonly WindowReason[],
  crowdedOut: number | undefined,
): WindowEnd {
  const retainedUntil = approval.requestedAt + approval.retainFor;
  if (approval.endedEarly !== undefined) return { kind: 'at', time: approval.endedEarly.at };
  if (reasons.includes('current') || reasons.includes('recent-release')) {
    return { kind: 'with-releases', notBefore: retainedUntil };
  }
  const counted = approval.outcome === 'failed' ? undefined : crowdedOut;
  return { kind: 'at', time: Math.max(retainedUntil, counted ?? retainedUntil) };
}

/**
 * The instant at which as many newer digests counted as good as the approval is kept for, or will without a word against
 * them; `undefined` while there are not so many.
 */
function crowdedOutAt(approval: Approval, newestFirst: readonly Approval[]): number | undefined {
  const countedFrom = new Map<string, number>();
  for (const other of newestFirst) {
    if (compareApprovals(other, approval) <= 0) break;
    if (!counts(other) || other.digest === approval.digest) continue;
    const from = other.requestedAt + (other.outcome === 'good' ? 0 : (other.monitoringWindow ?? 0));
    countedFrom.set(other.digest, Math.min(from, countedFrom.get(other.digest) ?? from));
  }
  return [...countedFrom.values()].sort((a, b) => a - b)[approval.retainReleases - 1];
}

/** Whether a release takes one of the places that older ones are kept in. */
function counts(approval: Approval): boolean {
  const wasProtected = approval.state !== 'requested' && approval.state !== 'protecting';
  return stands(approval) && wasProtected && approval.outcome !== 'failed';
}
