import type { RepositoryId } from '../history/fact.ts';
import type { EnforcementSummary } from './enforce-repository.ts';
import { AuditFault } from './fault.ts';
import type { Alert, AlertSink } from './inventory-ports.ts';
import type { Metrics } from './metrics.ts';
import type { Clock } from './ports.ts';
import type { RecordEvent } from './record-all.ts';
import type { Sealed } from './seal-ledger.ts';

/** What measures, and by which clock. */
export interface MeasuredPorts {
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Counts events by their outcome, `failed` where they are to come again, and how long each took. */
export function measuredEvents(record: RecordEvent, { metrics, clock }: MeasuredPorts): RecordEvent {
  return async (event) => {
    const startedAt = clock.now();
    let outcome: Awaited<ReturnType<RecordEvent>> | 'failed' = 'failed';
    try {
      outcome = await record(event);
      return outcome;
    } finally {
      metrics.record('acr_audit.events', 1, { outcome });
      metrics.record('acr_audit.event.duration', (clock.now() - startedAt) / 1000, { outcome });
    }
  };
}

/** Counts what became of findings, once for each change. */
export function measuredFindings(metrics: Metrics, next: (alert: Alert) => void): (alert: Alert) => void {
  return (alert) => {
    const { kind, severity } = alert.finding;
    metrics.record('acr_audit.findings', 1, { kind, severity, change: alert.change });
    next(alert);
  };
}

/** Counts what a receiver took and did not take, and how late it was told. */
export function measuredSink({ name, send }: AlertSink, { metrics, clock }: MeasuredPorts): AlertSink {
  return {
    name,
    async send(alert) {
      try {
        await send(alert);
      } catch (error) {
        const outcome = error instanceof AuditFault && !error.retryable ? 'refused' : 'failed';
        metrics.record('acr_audit.alerts', 1, { to: name, outcome });
        throw error;
      }
      metrics.record('acr_audit.alerts', 1, { to: name, outcome: 'delivered' });
      metrics.record('acr_audit.alert.delay', Math.max(0, clock.now() - alert.at) / 1000, { to: name });
    },
  };
}

type Seal = (registry: string, signal: AbortSignal) => Promise<Sealed>;

/** Counts the records that were sealed, and the runs that failed. */
export function measuredSealing(seal: Seal, metrics: Metrics): Seal {
  return async (registry, signal) => {
    try {
      const sealed = await seal(registry, signal);
      metrics.record('acr_audit.ledger.sealed', sealed.records, { registry });
      return sealed;
    } catch (error) {
      metrics.record('acr_audit.ledger.failures', 1, { registry });
      throw error;
    }
  };
}

type Enforce = (repository: RepositoryId) => Promise<EnforcementSummary>;

/** Counts locks that were set and undone, and those that could not be. */
export function measuredEnforcement(enforce: Enforce, metrics: Metrics): Enforce {
  return async (repository) => {
    const summary = await enforce(repository);
    const { registry } = repository;
    metrics.record('acr_audit.locks', summary.locked, { registry, change: 'set' });
    metrics.record('acr_audit.locks', summary.unlocked, { registry, change: 'undone' });
    metrics.record('acr_audit.lock.failures', summary.failed, { registry });
    return summary;
  };
}
