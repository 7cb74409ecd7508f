import type { Approval } from '../../src/protection/approval.ts';
import { closureOf, type ManifestGraph, type ManifestNode } from '../../src/protection/closure.ts';
import { rootsOf } from '../../src/protection/desired-locks.ts';
import { msPerDay } from '../../src/protection/duration.ts';
import type { Hold } from '../../src/protection/hold.ts';
import { type LockPlan, planLocks } from '../../src/protection/lock-plan.ts';
import type { InventoryCoverage, LockSituation, UseAnswer } from '../../src/protection/lock-situation.ts';
import type { LockStep } from '../../src/protection/lock-step.ts';
import { type LockTarget, manifestTarget, targetKey } from '../../src/protection/lock-target.ts';
import type { OwnedLock } from '../../src/protection/owned-lock.ts';
import { type ApprovalWindow, windowsAt } from '../../src/protection/rollback-window.ts';
import type { Digest } from '../../src/registry/digest.ts';
import type { LockState } from '../../src/registry/lock-state.ts';
import { digestOf } from './registry-event.ts';

/** The repository of every example. */
export const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
/** When examples begin, in epoch milliseconds. */
export const start = Date.UTC(2026, 4, 2);
/** What an unlocked manifest or tag allows. */
export const unlocked: LockState = { canDelete: true, canWrite: true, canRead: true, canList: true };

/** An approval that is protected, of `team/app` for production; its digest is named after its id. */
export function approvalOf(given: Partial<Approval> = {}): Approval {
  const id = given.id ?? 'a1';
  return {
    ...repository,
    id,
    digest: digestOf(id),
    environment: 'production',
    reason: 'release',
    approver: { id: 'release-1', name: 'Release manager' },
    requestedAt: start,
    retainFor: 60 * msPerDay,
    retainReleases: 4,
    lockTag: false,
    state: 'protected',
    ...given,
  };
}

/** A hold on everything in `team/app`. */
export function repositoryHold(given: Partial<Hold> = {}): Hold {
  return {
    id: 'h1',
    scope: { kind: 'repositories', registry: repository.registry, pattern: 'team/.*' },
    reason: 'litigation',
    placedBy: 'legal-1',
    placedAt: start,
    state: 'held',
    ...given,
  };
}

/** A manifest of a repository that exists only here. */
export interface FakeManifest {
  readonly children?: readonly Digest[];
  readonly referrers?: readonly Digest[];
}

/** A repository and what is recorded of its locks, changed by what tests and plans do to it. */
export function protectedRepository(
  manifests: Readonly<Record<Digest, FakeManifest>> | ReadonlyMap<Digest, FakeManifest>,
) {
  const content = new Map<Digest, FakeManifest>(
    manifests instanceof Map
      ? manifests
      : Object.entries(manifests).map(([name, node]) => [digestFrom(name), node]),
  );
  const locks = new Map<Digest, LockState>([...content.keys()].map((digest) => [digest, unlocked]));
  const tags = new Map<string, { digest: Digest; lock: LockState }>();
  const owned = new Map<string, OwnedLock>();
  const unreadable = new Set<Digest>();
  const uses = new Map<Digest, UseAnswer>();
  let coverage: InventoryCoverage = { complete: true, fresh: true };
  let everythingUnused = true;

  function graph(): ManifestGraph {
    const nodes = [...content].map(([digest, { children = [], referrers = [] }]): [Digest, ManifestNode] => [
      digest,
      unreadable.has(digest)
        ? { state: 'unreadable', reason: '503' }
        : {
            state: 'read',
            children,
            referrers: referrers.map((found) => ({ digest: found, artifactType: 'application/spdx+json' })),
          },
    ]);
    const missing = [...content.values()]
      .flatMap(({ children = [], referrers = [] }) => [...children, ...referrers])
      .filter((digest) => !content.has(digest))
      .map((digest): [Digest, ManifestNode] => [digest, { state: 'missing' }]);
    const tagged = [...tags].map(([tag, { digest }]) => [tag, digest] as const);
    return { manifests: new Map([...missing, ...nodes]), tags: new Map(tagged) };
  }

  function situation(approvals: readonly Approval[], holds: readonly Hold[], now: number): LockSituation {
    const windows = windowsAt(approvals, holds, now);
    const known = graph();
    const roots = new Set(approvals.flatMap(rootsOf));
    const asked = new Set([...content.keys(), ...roots, ...known.manifests.keys()]);
    return {
      repository,
      windows,
      holds,
      closures: new Map([...roots].map((root) => [root, closureOf(root, known)])),
      seen: {
        manifests: new Map(
          [...asked].map((digest) => {
            const lock = locks.get(digest);
            return [digest, lock === undefined ? { state: 'missing' } : { state: 'present', lock }];
          }),
        ),
        tags: new Map(
          [...new Set([...tags.keys(), ...approvals.flatMap(({ tag }) => tag ?? [])])].map((tag) => {
            const found = tags.get(tag);
            return [tag, found === undefined ? { state: 'missing' } : { state: 'present', ...found }];
          }),
        ),
      },
      owned: [...owned.values()],
      uses: new Map(
        [...asked].map((digest) => [digest, uses.get(digest) ?? (everythingUnused ? 'unused' : 'unknown')]),
      ),
      coverage,
      now,
    };
  }

  function setFlags(target: LockTarget, flags: Pick<LockState, 'canDelete' | 'canWrite'>): void {
    if (target.kind === 'manifest') {
      const lock = locks.get(target.digest);
      if (lock !== undefined) locks.set(target.digest, { ...lock, ...flags });
      return;
    }
    const tag = tags.get(target.tag);
    if (tag !== undefined) tag.lock = { ...tag.lock, ...flags };
  }

  /** The writes of a step, one by one, as {@link LockStep} orders them: a crash may come between any two. */
  function writesOf(step: LockStep, now: number): readonly (() => void)[] {
    const key = targetKey(step.target);
    switch (step.step) {
      case 'lock':
        return [
          () => owned.set(key, step.record),
          () => setFlags(step.target, step.after),
          () => owned.set(key, { ...step.record, verifiedAt: now }),
        ];
      case 'unlock':
        return [
          () => owned.set(key, step.record),
          () => setFlags(step.target, step.after),
          () => owned.delete(key),
        ];
      case 'record':
        return [() => owned.set(key, step.record)];
      case 'forget':
        return [() => owned.delete(key)];
    }
  }

  return {
    locks,
    tags,
    owned,
    uses,
    unreadable,
    content,
    situation,
    setFlags,
    writesOf,
    setCoverage(next: InventoryCoverage, unused = true) {
      coverage = next;
      everythingUnused = unused;
    },
    tag(name: string, digest: Digest) {
      tags.set(name, { digest, lock: unlocked });
    },
    remove(digest: Digest) {
      content.delete(digest);
      locks.delete(digest);
    },
    plan: (approvals: readonly Approval[], now = start, holds: readonly Hold[] = []): LockPlan =>
      planLocks(situation(approvals, holds, now)),
    /** Plans and carries out everything; answers the plan. */
    enforce(approvals: readonly Approval[], now = start, holds: readonly Hold[] = []): LockPlan {
      const plan = planLocks(situation(approvals, holds, now));
      for (const write of plan.steps.flatMap((step) => writesOf(step, now))) write();
      return plan;
    },
    isLocked(digest: Digest): boolean {
      const lock = locks.get(digest);
      return lock !== undefined && !lock.canDelete && !lock.canWrite;
    },
    isTagLocked(name: string): boolean {
      const tag = tags.get(name);
      return tag !== undefined && !tag.lock.canDelete && !tag.lock.canWrite;
    },
    /** Somebody else unlocks. */
    unlock(digest: Digest) {
      setFlags(manifestTarget(digest), unlocked);
    },
  };
}

/** What tests see of a repository. */
export type ProtectedRepository = ReturnType<typeof protectedRepository>;

function digestFrom(text: string): Digest {
  const target = manifestTarget(text);
  if (target.kind !== 'manifest') throw new TypeError(text);
  return target.digest;
}

/** Windows as text, for reading them at a glance. */
export function reasonsById(windows: readonly ApprovalWindow[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(windows.map(({ approval, reasons }) => [approval.id, reasons]));
}
