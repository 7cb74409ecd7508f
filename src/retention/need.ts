import type { LockState } from '../registry/lock-state.ts';
import type { KeepReason } from './keep-reason.ts';
import type { NeededBy, RepositoryContent, RetentionManifest } from './repository-content.ts';

/** Workloads named in one reason. */
const mostWorkloads = 3;

/** Why workloads, approvals, holds and locks keep a manifest, and every tag of it. */
export function neededReasons(
  manifest: RetentionManifest,
  { uses, kept, ownLocks }: Pick<RepositoryContent, 'uses' | 'kept' | 'ownLocks'>,
): readonly KeepReason[] {
  const { digest, children, locks } = manifest;
  const reasons: KeepReason[] = [];
  const used = uses.get(digest);
  if (used !== undefined) reasons.push(useReason(used));
  // An index is needed by whoever was seen to run what it lists: they may have asked for it by the index.
  for (const child of children) {
    const below = uses.get(child);
    if (below !== undefined) {
      reasons.push({ ...useReason(below), of: child });
      break;
    }
  }
  for (const { code, by } of kept.get(digest) ?? []) reasons.push({ code, detail: by });
  if (isLocked(locks)) reasons.push(lockReason(ownLocks.has(digest)));
  return reasons;
}

/** Whether writing or deleting is forbidden. */
export function isLocked({ canDelete, canWrite }: LockState): boolean {
  return !canDelete || !canWrite;
}

/** Why what is locked stays: retention never unlocks. */
export function lockReason(isOwn: boolean): KeepReason {
  return isOwn ? lockedHere : lockedElsewhere;
}

/** Workloads for people, the first of them by name. */
export function workloadsText({ workloads }: NeededBy): string {
  const more = workloads.length - mostWorkloads;
  return `${workloads.slice(0, mostWorkloads).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function useReason(used: NeededBy): KeepReason {
  return { code: used.isExact ? 'in-use' : 'inferred-use', detail: workloadsText(used) };
}

// Shared by all that have the same: a registry has hundreds of thousands of items.
const lockedHere: KeepReason = { code: 'locked', detail: 'by this audit, until protection ends' };
const lockedElsewhere: KeepReason = { code: 'locked', detail: 'not by this audit' };
