import type { Finding } from '../findings/finding.ts';
import { type DesiredLock, rootsOf } from './desired-locks.ts';
import { digestGone, lockRemoved } from './lock-finding.ts';
import { inLockingOrder } from './lock-order.ts';
import { flagsOf, type Planning, seenOf } from './lock-planning.ts';
import type { LockStep } from './lock-step.ts';
import { isLocked, locked, targetKey } from './lock-target.ts';
import { isSameClaim, type OwnedLock } from './owned-lock.ts';

/** What there is to lock, and what was found on the way. */
export interface Locking {
  readonly steps: readonly LockStep[];
  readonly findings: readonly Finding[];
  /** Members whose locks could not be read, with why. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Keys that are not locked, or not surely. */
  readonly outstanding: ReadonlySet<string>;
}

/** Plans what is to be locked, and what is to be recorded of what is locked already. */
export function planLocking({ situation, desired, owned, needs }: Planning): Locking {
  const { repository, now } = situation;
  const steps: LockStep[] = [];
  const findings: Finding[] = [];
  const unreadable = new Map<string, string>();
  const outstanding = new Set<string>();
  for (const lock of inLockingOrder([...desired.locks.values()], needs)) {
    const key = targetKey(lock.target);
    const record = owned.get(key);
    const seen = seenOf(situation, lock.target);
    if (seen.state === 'missing') {
      outstanding.add(key);
      findings.push(...goneFinding(lock, record, { situation, desired }));
      continue;
    }
    const waits = seen.state === 'present' ? lock.needs.find((digest) => unreadable.has(digest)) : undefined;
    if (seen.state === 'unreadable') unreadable.set(key, seen.reason);
    if (seen.state === 'unreadable' || (waits !== undefined && !isLocked(seen.lock))) {
      // Locked without what it needs, an index only exposes its children: it waits for them.
      if (waits !== undefined) unreadable.set(key, `waits for ${waits}`);
      outstanding.add(key);
      continue;
    }
    const before = flagsOf(seen.lock);
    const { approvals, roots } = lock;
    const claim = { approvals, roots, needs: lock.needs };
    if (isLocked(before)) {
      const kept = record ?? { before, setAt: now };
      const isAsRecorded = record?.verifiedAt !== undefined && isSameClaim(record, lock);
      if (!isAsRecorded) {
        const verifiedAt = record?.verifiedAt ?? now;
        steps.push({
          step: 'record',
          target: lock.target,
          record: { target: lock.target, ...claim, before: kept.before, setAt: kept.setAt, verifiedAt },
        });
      }
      continue;
    }
    outstanding.add(key);
    if (record?.verifiedAt !== undefined) {
      const since = Math.max(record.verifiedAt, situation.lastWholeAt ?? record.verifiedAt);
      findings.push(lockRemoved(repository, { ...record, ...claim }, before, { since, until: now }));
    }
    steps.push({
      step: 'lock',
      target: lock.target,
      before,
      after: locked,
      record: { ...(record ?? { before, setAt: now }), target: lock.target, ...claim },
      needs: lock.needs,
    });
  }
  return { steps, findings, unreadable, outstanding };
}

/** A root that is gone was deleted if it was ever protected, and else was never there; a part only if it was locked. */
function goneFinding(
  { target, approvals, roots }: DesiredLock,
  record: OwnedLock | undefined,
  { situation, desired }: Pick<Planning, 'situation' | 'desired'>,
): readonly Finding[] {
  if (target.kind === 'tag') return [];
  const wasProtected = desired.open.some(
    (approval) =>
      approvals.includes(approval.id) &&
      rootsOf(approval).includes(target.digest) &&
      approval.state !== 'requested' &&
      approval.state !== 'protecting',
  );
  if (record?.verifiedAt !== undefined || wasProtected) {
    return [digestGone('ProtectedDigestDeleted', situation.repository, target.digest, approvals, record)];
  }
  return roots.includes(target.digest)
    ? [digestGone('ApprovedDigestMissing', situation.repository, target.digest, approvals, record)]
    : [];
}
