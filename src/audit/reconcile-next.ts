import { type Finding, findingOf } from '../findings/finding.ts';
import { AuditFault } from './fault.ts';
import type { Findings } from './findings.ts';
import type { ChangeCounts, Clock, Leases, Log, UnannouncedChanges, UntoldComparisons } from './ports.ts';
import type { OnRecorded } from './protection-ports.ts';
import type { ReconcileRounds } from './reconcile-registries.ts';
import type { ReconcileSummary, Reconciliation } from './reconcile-repository.ts';
import type { Comparisons } from './retention-ports.ts';

/** What a comparison tells while it is made. */
export interface ComparisonListener {
  /** Before it records the first fact that it found. */
  readonly onFinding: () => Promise<void>;
  /** Of what it found so far. */
  readonly onProgress: (found: ReconcileSummary) => Promise<void>;
}

export interface ReconcileNextPorts {
  /** Makes one comparison; `undefined` when the registry is not audited. */
  readonly reconcile: (
    reconciliation: Reconciliation,
    listener: ComparisonListener,
    signal: AbortSignal,
  ) => Promise<ReconcileSummary> | undefined;
  readonly rounds: Pick<ReconcileRounds, 'remember'>;
  readonly comparisons: Comparisons;
  readonly leases: Leases;
  readonly changes: Pick<UnannouncedChanges, 'note'>;
  readonly untold: UntoldComparisons;
  /** Told again of what a comparison recorded that was cut off. */
  readonly onRecorded?: OnRecorded;
  readonly findings: Pick<Findings, 'raise' | 'settle'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes one comparison of a round, unless another of the same repository is under way: then a retryable AuditFault says
 * so. One that fails is remembered until it succeeds: what is found missing then may have gone at any time since the
 * last that did. The fault is thrown on, so that the comparison is made again. What one has recorded that was cut off,
 * wherever that was, is told by the next: to those who are told of every fact, and in the finding.
 */
export function reconcileNext(ports: ReconcileNextPorts) {
  const { reconcile, rounds, comparisons, leases, changes, untold, findings, clock, log } = ports;

  async function compared(
    reconciliation: Reconciliation,
    signal: AbortSignal,
  ): Promise<'done' | 'not-audited'> {
    const { registry, repository, source, before } = reconciliation;
    const startedAt = clock.now();
    const id = { registry, repository };
    let isNoted = false;
    let earlier = nothing;
    let soFar = nothing;
    let noted = 0;

    async function onFinding(): Promise<void> {
      // What was there before the registry was first looked at was never to be announced.
      if (source === 'backfill') return;
      await untold.begin(id, startedAt);
      isNoted = true;
    }

    /** Tells of what was recorded by those that were cut off. */
    async function tellEarlier(): Promise<void> {
      const since = source === 'backfill' ? undefined : await untold.since(id);
      if (since === undefined) return;
      isNoted = true;
      for await (const record of untold.recorded(id, since)) {
        await ports.onRecorded?.(record);
        earlier = { ...earlier, [counted[record.fact.action]]: earlier[counted[record.fact.action]] + 1 };
      }
    }

    async function onProgress(found: ReconcileSummary): Promise<void> {
      soFar = found;
      const count = sumOf(found);
      if (source === 'backfill' || count === noted) return;
      await changes.note(registry, repository, startedAt, found);
      noted = count;
    }

    /** Untags are announced by no event, so finding one says nothing of the events. */
    function unannounced({ pushes, untags, deletions }: ChangeCounts): readonly Finding[] {
      if (source === 'backfill' || pushes + deletions === 0) return [];
      const since = before === undefined ? {} : { notBefore: before };
      const detail = { pushes, untags, deletions, ...since, foundAt: startedAt };
      return [findingOf('UnannouncedChange', { registry, repository }, detail)];
    }

    async function tell(counts: ChangeCounts): Promise<void> {
      if (source === 'backfill') return;
      const found = unannounced(counts);
      await findings.raise(registry, found, startedAt);
      const stillThere = new Set(found.map(({ identity }) => identity));
      await findings.settle(registry, { repository, kinds: ['UnannouncedChange'] }, stillThere, startedAt);
    }

    try {
      await tellEarlier();
      const found = await reconcile(reconciliation, { onFinding, onProgress }, signal);
      if (found === undefined) return 'not-audited';
      await tell(added(earlier, found));
      // What began to be there while it was made may have been missed.
      await comparisons.note(id, startedAt);
      if (isNoted) await untold.end(id);
      return 'done';
    } catch (error) {
      await rounds.remember(registry, { repository, failed: before === undefined ? {} : { before } });
      // What it found is known from now on. The next comparison tells it too, but not before the registry can be read.
      await findings.raise(registry, unannounced(added(earlier, soFar)), startedAt);
      throw error;
    }
  }

  return async (reconciliation: Reconciliation, isRepeated: boolean): Promise<void> => {
    const { registry, repository, hasFailed } = reconciliation;
    const comparison = await leases.hold(`reconcile/${registry}/${repository}`, (signal) =>
      compared(reconciliation, signal),
    );
    if (!comparison.held) {
      const message = `${registry}/${repository} is being compared already`;
      throw new AuditFault('comparison-under-way', message, { retryable: true });
    }
    if (comparison.result === 'not-audited') {
      log.warn('not compared: the registry is not audited', { registry, repository });
      return;
    }
    if (isRepeated || hasFailed) await rounds.remember(registry, { repository });
  };
}

const nothing: ChangeCounts = { pushes: 0, untags: 0, deletions: 0, lockChanges: 0 };
const counted = { push: 'pushes', untag: 'untags', delete: 'deletions' } as const;

function added(one: ChangeCounts, other: ChangeCounts): ChangeCounts {
  return {
    pushes: one.pushes + other.pushes,
    untags: one.untags + other.untags,
    deletions: one.deletions + other.deletions,
    lockChanges: one.lockChanges + other.lockChanges,
  };
}

function sumOf({ pushes, untags, deletions, lockChanges }: ChangeCounts): number {
  return pushes + untags + deletions + lockChanges;
}
