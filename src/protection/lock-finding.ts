import { type Finding, type FindingSubject, findingOf } from '../findings/finding.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { ClosureGap } from './closure.ts';
import type { MovedTag } from './desired-locks.ts';
import { isLockedAtAll, type LockFlags, type LockTarget } from './lock-target.ts';
import type { OwnedLock } from './owned-lock.ts';

/** The most gaps one finding lists; it counts all. */
const maxListed = 20;

/** A lock of ours was undone. `since`: it was seen whole then (epoch milliseconds). */
export function lockRemoved(
  repository: RepositoryId,
  lock: OwnedLock,
  seen: LockFlags,
  window: { readonly since: number; readonly until: number },
): Finding {
  return findingOf('LockRemoved', subjectOf(repository, lock.target), {
    approvals: lock.approvals,
    opened: [...(seen.canDelete ? ['delete'] : []), ...(seen.canWrite ? ['write'] : [])],
    notBefore: window.since,
    notAfter: window.until,
    // With the next setting of the lock it changes, so that the next removal is another finding.
    verifiedAt: lock.verifiedAt ?? 0,
  });
}

/** What belongs to a protected digest is not all known, there, or readable. */
export function lockIncomplete(
  repository: RepositoryId,
  root: Digest,
  approvals: readonly string[],
  gaps: readonly ClosureGap[],
): Finding {
  const texts = gaps.map(({ digest, reason, detail }) =>
    detail === undefined ? `${digest} ${reason}` : `${digest} ${reason}: ${detail}`,
  );
  return findingOf(
    'LockIncomplete',
    { ...repository, digest: root },
    { approvals, gaps: texts.slice(0, maxListed), gapCount: gaps.length },
  );
}

/** A tag that was approved points elsewhere, or nowhere. */
export function protectedTagMoved(repository: RepositoryId, { tag, approval, found }: MovedTag): Finding {
  return findingOf(
    'ProtectedTagMoved',
    { ...repository, tag },
    {
      approval: approval.id,
      environment: approval.environment,
      approvedDigest: approval.digest,
      ...(found === undefined ? {} : { foundDigest: found }),
    },
  );
}

/** A digest that was locked is gone, or one that was approved never was there. */
export function digestGone(
  kind: 'ProtectedDigestDeleted' | 'ApprovedDigestMissing',
  repository: RepositoryId,
  digest: Digest,
  approvals: readonly string[],
  lock: OwnedLock | undefined,
): Finding {
  const lastSeen = lock?.verifiedAt === undefined ? {} : { lastLockedAt: lock.verifiedAt };
  return findingOf(kind, { ...repository, digest }, { approvals, ...lastSeen });
}

/** A lock nobody here has set or wants. */
export function orphanLock(
  repository: RepositoryId,
  target: LockTarget,
  seen: LockFlags,
): Finding | undefined {
  if (!isLockedAtAll(seen)) return undefined;
  return findingOf('OrphanLock', subjectOf(repository, target), {
    forbids: [...(seen.canDelete ? [] : ['delete']), ...(seen.canWrite ? [] : ['write'])],
  });
}

/** The registry did not do as asked. `code`: its own error code, or the HTTP status as text. */
export function lockFailed(
  repository: RepositoryId,
  target: LockTarget,
  {
    change,
    code,
    detail,
  }: { readonly change: 'lock' | 'unlock'; readonly code: string; readonly detail: string },
): Finding {
  return findingOf('LockFailed', subjectOf(repository, target), { change, code, detail });
}

function subjectOf({ registry, repository }: RepositoryId, target: LockTarget): FindingSubject {
  return target.kind === 'manifest'
    ? { registry, repository, digest: target.digest }
    : { registry, repository, tag: target.tag };
}
