import type { Finding } from '../findings/finding.ts';
import type { FindingKind } from '../findings/kind.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Approval } from '../protection/approval.ts';
import type { Closure } from '../protection/closure.ts';
import { rootsOf } from '../protection/desired-locks.ts';
import type { Hold } from '../protection/hold.ts';
import { eventsDue } from '../protection/lifecycle.ts';
import { digestGone } from '../protection/lock-finding.ts';
import { planLocks } from '../protection/lock-plan.ts';
import type { LocksSeen } from '../protection/locks-seen.ts';
import type { OwnedLock } from '../protection/owned-lock.ts';
import { readOwnedLock } from '../protection/owned-lock-content.ts';
import type { Protection } from '../protection/protection.ts';
import { isOpen, windowsAt } from '../protection/rollback-window.ts';
import type { Digest } from '../registry/digest.ts';
import { approvalOf, changeApproval } from './approvals.ts';
import { AuditFault } from './fault.ts';
import type { Findings } from './findings.ts';
import { carryOutSteps } from './lock-steps.ts';
import { readLocksSeen } from './locks-seen.ts';
import { readClosures } from './manifest-graph.ts';
import type { Leases, Log, StoredState } from './ports.ts';
import type { KnownLocks, ProtectionIndex, Uses } from './protection-ports.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RegistryLocks } from './registry-locks.ts';

export interface EnforceRepositoryPorts extends ProtectionRecordsPorts {
  readonly contents: ReadonlyMap<string, RegistryContent>;
  /** What locks in each audited registry, by login server. */
  readonly lockers: ReadonlyMap<string, RegistryLocks>;
  readonly index: ProtectionIndex;
  readonly known: KnownLocks;
  readonly uses: Uses;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly findings: Pick<Findings, 'raise' | 'settle'>;
  readonly leases: Leases;
  readonly pause: (ms: number) => Promise<unknown>;
  readonly log: Log;
}

/** What a run of enforcement has come to. */
export interface EnforcementSummary {
  readonly locked: number;
  readonly unlocked: number;
  /** Locks that no window wants any more and that stay for a reason. */
  readonly kept: number;
  readonly findings: number;
  /** Changes of locks that the registry refused, or did not show afterwards. */
  readonly failed: number;
}

/** Findings that are over once a complete look no longer makes them; the others are somebody's to settle. */
const settling: readonly FindingKind[] = [
  'LockIncomplete',
  'ProtectedTagMoved',
  'ApprovedDigestMissing',
  'OrphanLock',
  'LockFailed',
];

/** Events that one run may lead an approval through, one after the other. */
const mostSteps = 6;

/**
 * Makes the locks of a repository what its approvals say: reads approvals, holds, closures and locks, plans, carries the
 * plan out, moves the approvals on, and raises what was found. One run of a repository at a time; a run that is cut off is
 * made up for by the next. @throws a retryable AuditFault when another run is under way or something could not be asked.
 */
export function enforceRepository(ports: EnforceRepositoryPorts) {
  const { contents, lockers, index, known, clock, states, findings, log } = ports;
  const change = changeApproval(ports);

  async function run(repository: RepositoryId, signal: AbortSignal): Promise<EnforcementSummary> {
    const content = contents.get(repository.registry);
    const locks = lockers.get(repository.registry);
    if (content === undefined || locks === undefined)
      return { locked: 0, unlocked: 0, kept: 0, findings: 0, failed: 0 };
    const now = clock.now();
    const approvals = (await stored(repository, 'a|')).map(approvalOf);
    const owned = await ownedLocks(repository);
    const holds = await ports.holds(repository.registry);
    const windows = windowsAt(approvals, holds, now);
    const open = windows.filter(isOpen).map(({ approval }) => approval);

    const roots = new Set([...open.flatMap(rootsOf), ...owned.flatMap((lock) => lock.roots)]);
    const closures = await readClosures({ content, known })(repository, [...roots]);
    const digests = digestsOf(closures, owned);
    const seen = await readLocksSeen({ content, known })(repository, digests, tagsOf(open, owned));
    const { uses, coverage } = await ports.uses.of(repository, [...digests]);
    const lastWholeAt = await index.lastWhole(repository.registry, repository.repository);
    const plan = planLocks({
      repository,
      windows,
      holds,
      closures,
      seen,
      owned,
      uses,
      coverage,
      now,
      ...(lastWholeAt === undefined ? {} : { lastWholeAt }),
    });

    const result = await carryOutSteps({
      content,
      locks,
      record: recordStatement(ports),
      states,
      pause: ports.pause,
      clock,
    })(repository, plan.steps, signal);

    for (const { approval, reason } of failuresOf(plan.protections)) {
      await change(repository, approval.id, { event: 'failed', reason }, 'enforcement');
    }
    await moveOn(repository, (latest) => ({
      windows: windowsAt(latest, holds, now),
      protections: plan.protections,
      done: result.done,
    }));
    const raised = [...plan.findings, ...result.findings];
    await tell(repository, raised, await stillMissing(repository, holds, now));
    if (result.findings.length === 0 && owned.every((lock) => wasSeen(lock, seen))) {
      await index.whole(repository.registry, repository.repository, clock.now());
    }
    const summary = {
      locked: result.locked,
      unlocked: result.unlocked,
      kept: plan.kept.length,
      findings: raised.length,
      failed: result.findings.length,
    };
    log.info('protection enforced', { ...repository, ...summary });
    return summary;
  }

  async function stored(repository: RepositoryId, prefix: string): Promise<readonly StoredState[]> {
    return Array.fromAsync(states.states(repository, prefix));
  }

  async function ownedLocks(repository: RepositoryId): Promise<readonly OwnedLock[]> {
    return (await stored(repository, 'k|')).map(({ key, content }) => {
      const lock = readOwnedLock(content);
      if (lock !== undefined) return lock;
      throw new AuditFault('corrupt-row', `${key} is not readable as a lock`, { retryable: false });
    });
  }

  /** Moves approvals on until each is as far as the run has come. */
  async function moveOn(
    repository: RepositoryId,
    reached: (approvals: readonly Approval[]) => Omit<Parameters<typeof eventsDue>[0], 'owned'>,
  ): Promise<void> {
    for (let step = 0; step < mostSteps; step += 1) {
      const approvals = (await stored(repository, 'a|')).map(approvalOf);
      const due = eventsDue({ ...reached(approvals), owned: await ownedLocks(repository) });
      if (due.length === 0) return;
      for (const { approval, event } of due) await change(repository, approval.id, event, 'enforcement');
    }
  }

  /** That an approval failed for want of its digest stays found until another approval of the digest stands. */
  async function stillMissing(
    repository: RepositoryId,
    holds: readonly Hold[],
    now: number,
  ): Promise<readonly Finding[]> {
    const approvals = (await stored(repository, 'a|')).map(approvalOf);
    const standing = new Set(
      windowsAt(approvals, holds, now)
        .filter(isOpen)
        .map(({ approval }) => approval.digest),
    );
    return approvals
      .filter(({ state, digest }) => state === 'failed' && !standing.has(digest))
      .map(({ id, digest }) => digestGone('ApprovedDigestMissing', repository, digest, [id], undefined));
  }

  async function tell(
    repository: RepositoryId,
    raised: readonly Finding[],
    known: readonly Finding[],
  ): Promise<void> {
    const at = clock.now();
    await findings.raise(repository.registry, raised, at);
    const stillThere = new Set([...raised, ...known].map(({ identity }) => identity));
    await findings.settle(
      repository.registry,
      { repository: repository.repository, kinds: settling },
      stillThere,
      at,
    );
  }

  return async (repository: RepositoryId): Promise<EnforcementSummary> => {
    const name = `protect/${repository.registry}/${repository.repository}`;
    const ran = await ports.leases.hold(name, (signal) => run(repository, signal));
    if (ran.held) return ran.result;
    throw new AuditFault('enforcement-under-way', `${repository.repository} is being protected already`, {
      retryable: true,
    });
  };
}

/** Whether a lock was looked at: of what could not be read, nobody knows since when it is undone. */
function wasSeen({ target }: OwnedLock, { manifests, tags }: LocksSeen): boolean {
  const found = target.kind === 'tag' ? tags.get(target.tag) : manifests.get(target.digest);
  return found !== undefined && found.state !== 'unreadable';
}

/** Approvals that were never protected and cannot be: what they approve is not in the registry. */
function failuresOf(
  protections: readonly Protection[],
): readonly { readonly approval: Approval; readonly reason: string }[] {
  return protections.flatMap(({ approval, gaps }) => {
    const isNew = approval.state === 'requested' || approval.state === 'protecting';
    const isMissing = gaps.some(({ digest, reason }) => digest === approval.digest && reason === 'missing');
    return isNew && isMissing ? [{ approval, reason: `${approval.digest} is not in the registry` }] : [];
  });
}

function digestsOf(closures: ReadonlyMap<Digest, Closure>, owned: readonly OwnedLock[]): ReadonlySet<Digest> {
  const members = [...closures.values()].flatMap((closure) => closure.members.map(({ digest }) => digest));
  const locked = owned.flatMap(({ target, needs }) =>
    target.kind === 'manifest' ? [target.digest, ...needs] : needs,
  );
  return new Set([...members, ...locked]);
}

function tagsOf(open: readonly Approval[], owned: readonly OwnedLock[]): ReadonlySet<string> {
  const named = open.flatMap(({ tag }) => tag ?? []);
  const locked = owned.flatMap(({ target }) => (target.kind === 'tag' ? [target.tag] : []));
  return new Set([...named, ...locked]);
}
