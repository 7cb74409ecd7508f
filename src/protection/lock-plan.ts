import type { Finding } from '../findings/finding.ts';
import { isTag } from '../registry/name.ts';
import { desiredLocks } from './desired-locks.ts';
import { lockRemoved, orphanLock, protectedTagMoved } from './lock-finding.ts';
import { mergedNeeds } from './lock-order.ts';
import { flagsOf, type Planning, seenOf } from './lock-planning.ts';
import type { LockSituation } from './lock-situation.ts';
import type { LockStep } from './lock-step.ts';
import { isLocked, type LockTarget, manifestTarget, tagTarget, targetKey } from './lock-target.ts';
import { planLocking } from './locking.ts';
import { incompleteClosures, type Protection, protectionOf } from './protection.ts';
import { type KeptLock, planUnlocking } from './unlocking.ts';

/** What to do about a repository's locks, and what was found. */
export interface LockPlan {
  /** Everything to lock, then everything to unlock. */
  readonly steps: readonly LockStep[];
  readonly kept: readonly KeptLock[];
  readonly findings: readonly Finding[];
  /** Of the approvals whose windows are open. */
  readonly protections: readonly Protection[];
}

/**
 * Plans a repository's locks: what open windows want against what is recorded and what is seen. Pure: after a crash, or
 * when anything changed meanwhile, it is planned again from what is there then.
 *
 * A manifest is locked after everything it needs, a tag last; unlocking goes the other way round. Only recorded locks are
 * ever undone, and only as far as they changed anything.
 */
export function planLocks(situation: LockSituation): LockPlan {
  const { registry, repository } = situation.repository;
  const windows = situation.windows.filter(
    ({ approval }) => approval.registry === registry && approval.repository === repository,
  );
  const desired = desiredLocks(windows, situation.closures, situation.seen.tags, situation.owned);
  const owned = new Map(situation.owned.map((lock) => [targetKey(lock.target), lock]));
  const members = [...situation.closures.values()].flatMap((closure) => closure.members);
  const needs = mergedNeeds([
    ...desired.locks.values(),
    ...situation.owned,
    ...members.map((member) => ({ target: manifestTarget(member.digest), needs: member.needs })),
  ]);
  const planning: Planning = { situation, desired, owned, needs };
  const locking = planLocking(planning);
  const unlocking = planUnlocking(planning);
  return {
    steps: [...locking.steps, ...unlocking.steps],
    kept: unlocking.kept,
    findings: [
      ...locking.findings,
      ...incompleteClosures(planning, locking.unreadable),
      ...desired.moved.map((moved) => protectedTagMoved(situation.repository, moved)),
      ...removedFromMovedTags(planning),
      ...orphans(planning),
    ],
    protections: desired.open.map((approval) => protectionOf(approval, planning, locking)),
  };
}

/** A tag of ours that was unlocked and moved is not locked where it points now, but that it was unlocked is told. */
function removedFromMovedTags({ situation, desired, owned }: Planning): readonly Finding[] {
  return desired.moved.flatMap(({ tag }) => {
    const target = tagTarget(tag);
    const record = owned.get(targetKey(target));
    const seen = seenOf(situation, target);
    if (record?.verifiedAt === undefined || seen.state !== 'present' || isLocked(seen.lock)) return [];
    const since = Math.max(record.verifiedAt, situation.lastWholeAt ?? record.verifiedAt);
    return [lockRemoved(situation.repository, record, flagsOf(seen.lock), { since, until: situation.now })];
  });
}

function orphans({ situation, desired, owned }: Planning): readonly Finding[] {
  const moved = new Set(desired.moved.map(({ tag }) => tag));
  const targets: readonly LockTarget[] = [
    ...[...situation.seen.manifests.keys()].map(manifestTarget),
    ...[...situation.seen.tags.keys()].filter((tag) => isTag(tag) && !moved.has(tag)).map(tagTarget),
  ];
  return targets.flatMap((target) => {
    const key = targetKey(target);
    const seen = seenOf(situation, target);
    if (owned.has(key) || desired.locks.has(key) || seen.state !== 'present') return [];
    return orphanLock(situation.repository, target, seen.lock) ?? [];
  });
}
