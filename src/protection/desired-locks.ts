import type { Digest } from '../registry/digest.ts';
import type { Approval } from './approval.ts';
import { compareApprovals } from './approval-order.ts';
import type { Closure } from './closure.ts';
import { mergedNeeds, neededBy } from './lock-order.ts';
import { type LockTarget, manifestTarget, tagTarget, targetKey } from './lock-target.ts';
import type { LocksSeen } from './locks-seen.ts';
import type { LockClaim, OwnedLock } from './owned-lock.ts';
import { type ApprovalWindow, isOpen } from './rollback-window.ts';

/** A lock that approvals want. */
export interface DesiredLock extends LockClaim {
  readonly target: LockTarget;
}

/** A tag that approvals name, and that does not point to a digest they approve. */
export interface MovedTag {
  readonly tag: string;
  /** The newest approval that names it. */
  readonly approval: Approval;
  /** Absent when the tag is gone. */
  readonly found?: Digest;
}

/** What open windows want locked. */
export interface DesiredLocks {
  /** By {@link targetKey}. */
  readonly locks: ReadonlyMap<string, DesiredLock>;
  readonly moved: readonly MovedTag[];
  /** The closure of every digest that is kept, partial ones included. */
  readonly closures: readonly Closure[];
  /** Approvals whose windows are open. */
  readonly open: readonly Approval[];
}

/** The digests an approval keeps: what it approves, and what to go back to from it. */
export function rootsOf({ digest, rollbackDigest }: Approval): readonly Digest[] {
  return rollbackDigest === undefined || rollbackDigest === digest ? [digest] : [digest, rollbackDigest];
}

/**
 * What has to be locked for the approvals whose windows are open: the known closures of their digests, and their tags where
 * an approval says so and the tag still points to the digest approved. A tag that moved meanwhile is not locked: that would
 * protect what nobody approved. What a recorded lock needs is still known to belong to it when it cannot be read now.
 */
export function desiredLocks(
  windows: readonly ApprovalWindow[],
  closures: ReadonlyMap<Digest, Closure>,
  tags: LocksSeen['tags'],
  owned: readonly OwnedLock[],
): DesiredLocks {
  const recorded = mergedNeeds(owned);
  const open = windows.filter(isOpen).map(({ approval }) => approval);
  const wanted = new Map<string, Wanted>();
  const kept = new Map<Digest, Closure>();
  for (const approval of open) {
    for (const root of rootsOf(approval)) {
      const closure = closures.get(root) ?? unread(root);
      kept.set(root, closure);
      const needs = new Map(closure.members.map((member) => [member.digest, member.needs]));
      for (const digest of neededBy([root, ...needs.keys()], recorded)) {
        const known = [...(needs.get(digest) ?? []), ...(recorded.get(digest) ?? [])];
        want(wanted, manifestTarget(digest), approval, root, known);
      }
    }
  }
  const byTag = Map.groupBy(
    open.filter(({ tag }) => tag !== undefined),
    ({ tag }) => tag ?? '',
  );
  const moved = [...byTag].flatMap(([tag, approvals]) => {
    const seen = tags.get(tag);
    if (seen === undefined || seen.state === 'unreadable') return [];
    const found = seen.state === 'present' ? seen.digest : undefined;
    const agreeing = approvals.filter(({ digest }) => digest === found);
    for (const approval of agreeing.filter(({ lockTag }) => lockTag)) {
      want(wanted, tagTarget(tag), approval, approval.digest, [approval.digest]);
    }
    const [approval] = approvals.toSorted((a, b) => compareApprovals(b, a));
    return approval === undefined || agreeing.length > 0 ? [] : [{ tag, approval, ...(found && { found }) }];
  });
  const locks = [...wanted].map(
    ([key, { target, ...claim }]) => [key, { target, ...inOrder(claim) }] as const,
  );
  return { locks: new Map(locks), moved, closures: [...kept.values()], open };
}

interface Wanted {
  readonly target: LockTarget;
  readonly approvals: Set<string>;
  readonly roots: Set<Digest>;
  readonly needs: Set<Digest>;
}

function want(
  wanted: Map<string, Wanted>,
  target: LockTarget,
  approval: Approval,
  root: Digest,
  needs: readonly Digest[],
): void {
  const key = targetKey(target);
  const lock = wanted.get(key) ?? { target, approvals: new Set(), roots: new Set(), needs: new Set() };
  wanted.set(key, lock);
  lock.approvals.add(approval.id);
  lock.roots.add(root);
  for (const digest of needs) lock.needs.add(digest);
}

/** The same claim is the same text, whatever order it was put together in. */
function inOrder({ approvals, roots, needs }: Omit<Wanted, 'target'>): LockClaim {
  return { approvals: [...approvals].sort(), roots: [...roots].sort(), needs: [...needs].sort() };
}

/** A closure nobody has read: of it, only the digest itself is known. */
function unread(root: Digest): Closure {
  return {
    whole: false,
    root,
    members: [{ digest: root, role: 'root', needs: [] }],
    gaps: [{ digest: root, reason: 'unreadable', detail: 'was not read' }],
  };
}
