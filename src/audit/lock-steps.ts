import type { Finding } from '../findings/finding.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import { lockFailed } from '../protection/lock-finding.ts';
import { type LockStep, stepsWithout } from '../protection/lock-step.ts';
import { type LockFlags, type LockTarget, targetKey } from '../protection/lock-target.ts';
import type { OwnedLock } from '../protection/owned-lock.ts';
import { lockStateKey, ownedLockContent } from '../protection/owned-lock-content.ts';
import { AuditFault } from './fault.ts';
import type { Clock, StateReader } from './ports.ts';
import type { StateChange } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';
import type { RegistryLocks } from './registry-locks.ts';

export interface LockStepsPorts {
  readonly content: Pick<RegistryContent, 'tag' | 'manifest'>;
  readonly locks: RegistryLocks;
  /** Records a statement and the states it leaves. */
  readonly record: (
    repository: RepositoryId,
    kind: string,
    content: JsonContent,
    changes: readonly StateChange[],
  ) => Promise<'committed' | 'conflict'>;
  readonly states: Pick<StateReader, 'state'>;
  /** Waits some milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
  readonly clock: Clock;
}

/** What carrying out a plan has come to. */
export interface StepsDone {
  /** Keys of what was locked and read back. */
  readonly done: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  readonly locked: number;
  readonly unlocked: number;
}

/** Waits, in milliseconds, before a lock is read back again: a change has been seen to show late. */
const readBackWaits = [0, 500, 2_000];

/**
 * Carries out a plan step by step. Each change of a lock is announced by its record, made, read back and recorded again
 * with what was before and after: a crash leaves a record without a lock, which the next run sets, and never a lock that
 * nobody answers for. What the registry refuses is a finding, and what waits for it is left; a passing fault is thrown.
 * @throws the signal's reason, between two steps, once it is aborted.
 */
export function carryOutSteps(ports: LockStepsPorts) {
  const { content, locks, clock } = ports;

  /** Records over whatever is recorded of the lock now: this run alone changes locks of the repository. */
  async function recorded(
    repository: RepositoryId,
    kind: string,
    target: LockTarget,
    told: JsonContent,
    record: OwnedLock | undefined,
  ): Promise<void> {
    const key = lockStateKey(target);
    const over = await ports.states.state(repository, key);
    if (record === undefined && over === undefined) return;
    const state = record === undefined ? { key } : { key, content: ownedLockContent(record) };
    const about = target.kind === 'tag' ? { tag: target.tag } : { digest: target.digest };
    const outcome = await ports.record(repository, kind, { ...about, by: 'enforcement', ...told }, [
      { ...state, over },
    ]);
    if (outcome === 'committed') return;
    throw new AuditFault('contention', `${repository.repository}: another changed the record of ${key}`, {
      retryable: true,
    });
  }

  async function flagsNow(repository: string, target: LockTarget): Promise<LockFlags | undefined> {
    const seen =
      target.kind === 'tag'
        ? await content.tag(repository, target.tag)
        : await content.manifest(repository, target.digest);
    return seen && { canDelete: seen.locks.canDelete, canWrite: seen.locks.canWrite };
  }

  /** Sets the flags and reads them back; `undefined` when it is not there, else what it allows at last. */
  async function changed(
    repository: string,
    target: LockTarget,
    flags: LockFlags,
  ): Promise<LockFlags | undefined> {
    if ((await locks.set(repository, target, flags)) === 'missing') return undefined;
    let now: LockFlags | undefined;
    for (const wait of readBackWaits) {
      if (wait > 0) await ports.pause(wait);
      now = await flagsNow(repository, target);
      if (now === undefined || isSame(now, flags)) break;
    }
    return now;
  }

  return async (
    repository: RepositoryId,
    steps: readonly LockStep[],
    signal: AbortSignal,
  ): Promise<StepsDone> => {
    const done = new Set<string>();
    const findings: Finding[] = [];
    let [locked, unlocked] = [0, 0];

    /** Whether the step was done. */
    async function change(step: Extract<LockStep, { step: 'lock' | 'unlock' }>): Promise<boolean> {
      const { target, before, after, record } = step;
      const { verifiedAt: _, ...announced } = record;
      const why = { approvals: record.approvals, roots: record.roots };
      await recorded(
        repository,
        `${step.step}-intended`,
        target,
        { before: { ...before }, after: { ...after }, ...why },
        announced,
      );
      const now = await changed(repository.repository, target, after);
      if (now === undefined) {
        findings.push(failure(step, 'missing', 'it went while it was to be changed'));
        return false;
      }
      if (!isSame(now, after)) {
        findings.push(failure(step, 'not-read-back', 'the registry took the change and shows another'));
        return false;
      }
      const told = { before: { ...before }, after: { ...now }, ...why };
      if (step.step === 'lock') {
        await recorded(repository, 'lock-set', target, told, { ...announced, verifiedAt: clock.now() });
      } else {
        await recorded(repository, 'lock-undone', target, told, undefined);
      }
      return true;
    }

    function failure(
      { step, target }: Extract<LockStep, { step: 'lock' | 'unlock' }>,
      code: string,
      detail: string,
    ): Finding {
      return lockFailed(repository, target, { change: step, code, detail });
    }

    let left = steps;
    for (let step = left[0]; step !== undefined; step = left[0]) {
      left = left.slice(1);
      signal.throwIfAborted();
      if (step.step === 'record') {
        const { record, target } = step;
        const why = { approvals: record.approvals, roots: record.roots };
        await recorded(repository, 'lock-recorded', target, why, record);
        done.add(targetKey(target));
        continue;
      }
      if (step.step === 'forget') {
        await recorded(repository, 'lock-forgotten', step.target, {}, undefined);
        continue;
      }
      let isDone = false;
      try {
        isDone = await change(step);
      } catch (error) {
        if (error instanceof RangeError) {
          // More than one audit record holds: an index of more than about 400 manifests.
          findings.push(
            failure(step, 'too-large', 'it needs more manifests than one record of a lock can name'),
          );
        } else if (!(error instanceof AuditFault) || error.retryable) throw error;
        else findings.push(failure(step, error.code, error.message));
      }
      if (!isDone) {
        left = stepsWithout(left, step.target);
      } else if (step.step === 'lock') {
        done.add(targetKey(step.target));
        locked += 1;
      } else {
        unlocked += 1;
      }
    }
    return { done, findings, locked, unlocked };
  };
}

function isSame(a: LockFlags, b: LockFlags): boolean {
  return a.canDelete === b.canDelete && a.canWrite === b.canWrite;
}
