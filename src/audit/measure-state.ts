import type { SourceCoverage } from '../workloads/coverage.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { LedgerLog } from './ledger-ports.ts';
import type { Metrics } from './metrics.ts';
import type { Clock, Log } from './ports.ts';
import type { ReconcileQueue, ReconcileRounds, Round } from './reconcile-registries.ts';

export interface MeasureStatePorts {
  /** Login servers of the audited registries. */
  readonly registries: readonly string[];
  readonly rounds: Pick<ReconcileRounds, 'last' | 'failed'>;
  readonly queue: Pick<ReconcileQueue, 'waiting'>;
  readonly deadLetters: Pick<DeadLetters, 'counts'>;
  readonly coverage: () => Promise<readonly SourceCoverage[]>;
  readonly ledger: Pick<LedgerLog, 'pending'>;
  /** Names of the logs that are sealed here; none where no key is set to sign with. */
  readonly sealed: readonly string[];
  /** When the record of a waiting entry was recorded, in epoch milliseconds; `undefined` when it cannot be told. */
  readonly recordedAt: (leaf: string) => number | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Waiting records looked at for the oldest: statements that are not recorded yet are passed over. */
const mostLookedAt = 10;

/**
 * Says how far the audit lags behind, in one line for each registry, log and source and one for the service, which alert
 * rules are made of: what stands still writes no other line. What cannot be read keeps nothing from the rest, and is thrown
 * as an AggregateError after it.
 */
export function measureState(ports: MeasureStatePorts) {
  const { registries, rounds, queue, deadLetters, coverage, ledger, sealed, metrics, clock, log } = ports;

  async function measureRegistry(registry: string, waiting: number): Promise<void> {
    const [round, failed] = await Promise.all([rounds.last(registry), rounds.failed(registry)]);
    const completeAt = round && wholeSince(round, waiting);
    const lag = completeAt === undefined ? undefined : secondsSince(completeAt);
    log.info('registry measured', {
      registry,
      ...(lag === undefined ? {} : { reconcileLagSeconds: lag }),
      repositoriesFailed: failed,
    });
    if (lag !== undefined) metrics.record('acr_audit.reconcile.lag', lag, { registry });
    metrics.record('acr_audit.reconcile.failed', failed, { registry });
  }

  async function measureLog(registry: string): Promise<void> {
    const { ready } = await ledger.pending(registry, mostLookedAt, clock.now());
    const times = ready.flatMap(({ leaf }) => ports.recordedAt(leaf) ?? []);
    const lag = ready.length === 0 ? 0 : secondsSince(Math.min(...times, clock.now()));
    log.info('ledger measured', { registry, sealLagSeconds: lag });
    metrics.record('acr_audit.ledger.lag', lag, { registry });
  }

  async function measureSources(): Promise<void> {
    for (const { source, condition, state } of await coverage()) {
      const age = state?.completeAt === undefined ? undefined : secondsSince(state.completeAt);
      log.info('source measured', {
        source,
        condition,
        ...(age === undefined ? {} : { ageSeconds: age }),
        problems: state?.problemCount ?? 0,
      });
      if (age !== undefined) metrics.record('acr_audit.inventory.age', age, { source });
    }
  }

  async function measureDeadLetters(): Promise<void> {
    const { waiting, quarantined } = await deadLetters.counts();
    log.info('dead letters measured', { waiting, quarantined });
    metrics.record('acr_audit.dead_letters', waiting, { state: 'waiting' });
    metrics.record('acr_audit.dead_letters', quarantined, { state: 'quarantined' });
  }

  async function measureRegistries(): Promise<void> {
    const waiting = await queue.waiting();
    log.info('comparisons measured', { waiting });
    metrics.record('acr_audit.reconcile.waiting', waiting);
    for (const registry of registries) await measureRegistry(registry, waiting);
  }

  function secondsSince(time: number): number {
    return Math.max(0, Math.round((clock.now() - time) / 1000));
  }

  return async (): Promise<void> => {
    const failures: unknown[] = [];
    const attempt = async (what: string, measure: () => Promise<void>) => {
      try {
        await measure();
      } catch (error) {
        log.error('not measured', { what, error: String(error) });
        failures.push(error);
      }
    };
    await attempt('comparisons', measureRegistries);
    for (const registry of sealed) await attempt(`log of ${registry}`, () => measureLog(registry));
    await attempt('sources', measureSources);
    await attempt('dead letters', measureDeadLetters);
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} could not be measured`);
  };
}

/** A round ends when no comparison waits; the one before had ended when it began. */
function wholeSince({ startedAt, before }: Round, waiting: number): number | undefined {
  return waiting === 0 ? startedAt : before;
}
