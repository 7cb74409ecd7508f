import type { Approval, ApprovalEvent } from './approval.ts';
import { orderOf } from './approval-order.ts';
import type { OwnedLock } from './owned-lock.ts';
import { isProtected, type Protection } from './protection.ts';
import { type ApprovalWindow, isOpen } from './rollback-window.ts';

/** What a run of enforcement has come to. */
export interface Enforcement {
  /** Of all approvals of the repository, as the plan was made from. */
  readonly windows: readonly ApprovalWindow[];
  readonly protections: readonly Protection[];
  /** Keys of targets that were locked and read back in this run. */
  readonly done: ReadonlySet<string>;
  /** Every lock still recorded after it. */
  readonly owned: readonly OwnedLock[];
}

/** An event that is due for an approval. */
export interface DueEvent {
  readonly approval: Approval;
  readonly event: ApprovalEvent;
}

/**
 * The next event of each approval whose state is behind what a run has come to; at most one each, and those whose state is
 * right have none. An approval is superseded only by one that is protected.
 */
export function eventsDue(enforcement: Enforcement): readonly DueEvent[] {
  const approvals = enforcement.windows.map(({ approval }) => approval);
  const releases = orderOf(approvals);
  const ownedFor = new Set(enforcement.owned.flatMap((lock) => lock.approvals));
  const protections = new Map(
    enforcement.protections.map((protection) => [protection.approval.id, protection]),
  );
  return enforcement.windows.flatMap((window) => {
    const { approval } = window;
    const { current } =
      releases.find(
        (other) =>
          other.environment === approval.environment &&
          other.repository === approval.repository &&
          other.registry === approval.registry,
      ) ?? {};
    const protection = protections.get(approval.id);
    const event = eventDue(window, {
      isCurrent: current?.id === approval.id,
      isSuperseded: current !== undefined && current.id !== approval.id && current.state === 'protected',
      isProtected: protection !== undefined && isProtected(protection, enforcement.done),
      isOwner: ownedFor.has(approval.id),
    });
    return event === undefined ? [] : [{ approval, event: { event } }];
  });
}

interface Standing {
  readonly isCurrent: boolean;
  readonly isSuperseded: boolean;
  readonly isProtected: boolean;
  readonly isOwner: boolean;
}

type Due = 'begun' | 'protected' | 'superseded' | 'reinstated' | 'retained' | 'expired' | 'released';

function eventDue(window: ApprovalWindow, standing: Standing): Due | undefined {
  const open = isOpen(window);
  switch (window.approval.state) {
    case 'requested':
      return open ? 'begun' : 'expired';
    case 'protecting':
      if (!open) return 'expired';
      return standing.isProtected ? 'protected' : undefined;
    case 'protected':
      if (!open) return 'expired';
      return standing.isSuperseded ? 'superseded' : undefined;
    case 'superseded':
      if (!open) return 'expired';
      return standing.isCurrent ? 'reinstated' : undefined;
    case 'expired':
      if (open) return 'retained';
      return standing.isOwner ? undefined : 'released';
    case 'released':
    case 'failed':
      return undefined;
  }
}
