import type { Finding } from '../findings/finding.ts';
import type { Digest } from '../registry/digest.ts';
import type { Approval } from './approval.ts';
import { type Closure, type ClosureGap, gapsOf } from './closure.ts';
import { rootsOf } from './desired-locks.ts';
import { lockIncomplete } from './lock-finding.ts';
import { neededBy } from './lock-order.ts';
import { type Planning, seenOf } from './lock-planning.ts';
import type { LockSituation } from './lock-situation.ts';
import { manifestTarget, tagTarget, targetKey } from './lock-target.ts';
import type { Locking } from './locking.ts';

/** How far the protection of an approval has come. */
export interface Protection {
  readonly approval: Approval;
  /** Keys of what is yet to be locked and read back: by steps of this plan, or by a later one when it is not readable. */
  readonly outstanding: readonly string[];
  /** What is missing or was not read. While there is any, it is not protected. */
  readonly gaps: readonly ClosureGap[];
  /** Whether its tag should be locked and points elsewhere. */
  readonly tagMoved: boolean;
}

/** Whether an approval is protected once the targets of these keys were locked and read back. */
export function isProtected(protection: Protection, done: ReadonlySet<string>): boolean {
  return (
    protection.gaps.length === 0 &&
    !protection.tagMoved &&
    protection.outstanding.every((key) => done.has(key))
  );
}

/** How far the protection of an approval will have come before the plan is carried out. */
export function protectionOf(
  approval: Approval,
  { situation, desired, needs }: Planning,
  locking: Locking,
): Protection {
  const roots = new Set(rootsOf(approval));
  const closures = desired.closures.filter(({ root }) => roots.has(root));
  const members = neededBy(roots, needs);
  const tagKey =
    approval.tag === undefined || !approval.lockTag ? undefined : targetKey(tagTarget(approval.tag));
  const keys = [...members, ...(tagKey === undefined ? [] : [tagKey])];
  const isTagWanted = tagKey !== undefined;
  const tagMoved =
    isTagWanted &&
    desired.locks.get(tagKey)?.roots.includes(approval.digest) !== true &&
    isTagSeen(approval, situation);
  const tagUnseen = isTagWanted && !isTagSeen(approval, situation);
  return {
    approval,
    outstanding: [
      ...keys.filter((key) => locking.outstanding.has(key)),
      ...(tagUnseen && tagKey !== undefined ? [tagKey] : []),
    ],
    gaps: [...closures.flatMap(gapsOf), ...lockGaps(members, locking.unreadable)],
    tagMoved,
  };
}

function isTagSeen({ tag = '' }: Approval, { seen }: LockSituation): boolean {
  const found = seen.tags.get(tag);
  return found !== undefined && found.state !== 'unreadable';
}

/** Gaps of closures, and members whose locks could not be read. What is simply gone is told as gone. */
export function incompleteClosures(
  { situation, desired, needs, owned }: Planning,
  unreadable: ReadonlyMap<string, string>,
): readonly Finding[] {
  return desired.closures.flatMap((closure: Closure) => {
    const { root } = closure;
    const isToldAsGone = (digest: Digest) =>
      seenOf(situation, manifestTarget(digest)).state === 'missing' &&
      (digest === root || owned.get(digest)?.verifiedAt !== undefined);
    const gaps = [...gapsOf(closure), ...lockGaps(neededBy([root], needs), unreadable)].filter(
      ({ digest }) => !isToldAsGone(digest),
    );
    const approvals = desired.locks.get(root)?.approvals ?? [];
    return gaps.length === 0 ? [] : [lockIncomplete(situation.repository, root, approvals, gaps)];
  });
}

function lockGaps(members: Iterable<Digest>, unreadable: ReadonlyMap<string, string>): readonly ClosureGap[] {
  return [...members].flatMap((digest) => {
    const reason = unreadable.get(digest);
    return reason === undefined
      ? []
      : [{ digest, reason: 'unreadable' as const, detail: `its lock: ${reason}` }];
  });
}
