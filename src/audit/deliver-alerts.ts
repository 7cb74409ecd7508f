import { estate } from '../findings/finding.ts';
import { recordIdOf } from '../history/record-id.ts';
import type { Statement } from '../history/statement.ts';
import { planStatement } from '../history/statement-plan.ts';
import { present } from '../registry/present.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { Alert, AlertSink } from './inventory-ports.ts';
import type { Clock, HistoryWriter, Log, Outbox } from './ports.ts';

/** An alert that is still to be told, and to whom it was. */
export interface WaitingAlert {
  readonly alert: Alert;
  /** Names of those who were told. */
  readonly told: readonly string[];
  /** How often it was tried. */
  readonly attempts: number;
  /** Epoch milliseconds before which it is not tried again. */
  readonly notBefore?: number;
}

/** Alerts that are still to be told. Methods throw a retryable AuditFault when storage does not answer. */
export interface AlertOutbox {
  /** Those of a registry, the oldest first. */
  waiting(registry: string): AsyncIterable<WaitingAlert>;
  /** Everybody was told. */
  done(registry: string, alert: Alert): Promise<void>;
  /** Some were told, and some have to be told later. */
  later(registry: string, waiting: WaitingAlert): Promise<void>;
}

export interface DeliverAlertsPorts {
  readonly alerts: AlertOutbox;
  readonly sinks: readonly AlertSink[];
  readonly registries: readonly string[];
  readonly outbox: Pick<Outbox, 'announceStatements'>;
  readonly writer: Pick<HistoryWriter, 'commit'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long somebody who does not take an alert is tried, in milliseconds: as long as Event Grid tries. */
const mostPatience = 24 * 3_600_000;
const firstWait = 15_000;
const longestWait = 3_600_000;
/** The record of an alert, in the place of a name among those who are told. */
const recorded = '_record';

/**
 * Tells one alert to everybody who was not told yet, and records it. Somebody who fails does not keep it from the others;
 * who does not take it in a day, or says that it never will, is given up with a line in the log.
 */
function deliverAlert(ports: Omit<DeliverAlertsPorts, 'registries'>) {
  const { alerts, sinks, outbox, writer, clock, log } = ports;

  async function record(alert: Alert): Promise<void> {
    const statement = statementOf(alert);
    await outbox.announceStatements([statement]);
    // A conflict: it is there already, by an attempt that was cut off.
    await writer.commit(statement, planStatement(statement, new Map()));
  }

  return async (waiting: WaitingAlert): Promise<'done' | 'later'> => {
    const { alert, told, attempts } = waiting;
    const { registry } = alert.finding.subject;
    const tasks = [{ name: recorded, send: record }, ...sinks].filter(({ name }) => !told.includes(name));
    const taken = [...told];
    let isLeft = false;
    await Promise.all(
      tasks.map(async ({ name, send }) => {
        try {
          await send(alert);
          taken.push(name);
          if (name === recorded) return;
          log.info('alert told', { ...about(alert), to: name, delayMs: clock.now() - alert.at });
        } catch (error) {
          const isFinal = error instanceof AuditFault && !error.retryable && name !== recorded;
          const isTooOld = clock.now() - alert.at > mostPatience && name !== recorded;
          const values = { ...about(alert), to: name, error: String(error) };
          if (isFinal || isTooOld) {
            log.error('alert given up', values);
            taken.push(name);
          } else {
            log.warn('alert not taken', values);
            isLeft = true;
          }
        }
      }),
    );
    if (!isLeft) {
      await alerts.done(registry, alert);
      return 'done';
    }
    const wait = Math.min(longestWait, firstWait * 2 ** attempts);
    await alerts.later(registry, {
      alert,
      told: taken,
      attempts: attempts + 1,
      notBefore: clock.now() + wait,
    });
    return 'later';
  };
}

/** Alerts that one process tells at once: a purge that hits thousands of images makes as many. */
const mostUnderWay = 32;

/**
 * Tells an alert as soon as it came to be, for whoever made it does not wait; never rejects. What fails, and what comes while
 * many are under way, is left to {@link deliverAlerts}.
 */
export function tellAtOnce(ports: Omit<DeliverAlertsPorts, 'registries'>) {
  const deliver = deliverAlert(ports);
  const { log } = ports;
  let underWay = 0;
  return async (alert: Alert): Promise<void> => {
    if (underWay >= mostUnderWay) return;
    underWay += 1;
    try {
      await deliver({ alert, told: [], attempts: 0 });
    } catch (error) {
      log.warn('alert left to the timer', { ...about(alert), error: String(error) });
    } finally {
      underWay -= 1;
    }
  };
}

/** Milliseconds for which an alert is left to whoever made it, before it is taken for forgotten. */
const handedOver = 20_000;
/** Milliseconds by which the clock of another instance may be ahead of ours. */
const mostAhead = 5 * 60_000;
/** Milliseconds after which a run begins no more: somebody who never answers takes his time for each. */
const longestRun = 4 * 60_000;
/** Alerts told together: somebody who is slow does not keep the next from the others. */
const mostTogether = 16;

/**
 * Whether it is time for one. What is dated further ahead than it can have been put off was dated by a clock that was wrong, and
 * does not wait until that time comes.
 */
function isDue({ alert, notBefore = 0 }: WaitingAlert, now: number): boolean {
  const isOurs = alert.at <= now - handedOver || alert.at > now + mostAhead;
  return isOurs && (notBefore <= now || notBefore > now + longestWait + mostAhead);
}

/** Tells every alert that waits: what a crash left behind, and what somebody did not take. */
export function deliverAlerts(ports: DeliverAlertsPorts) {
  const deliver = deliverAlert(ports);
  const { alerts, registries, clock, log } = ports;

  async function* due(now: number): AsyncGenerator<WaitingAlert> {
    for (const registry of [...registries, estate]) {
      for await (const waiting of alerts.waiting(registry)) {
        if (clock.now() - now > longestRun) return;
        if (isDue(waiting, now)) yield waiting;
      }
    }
  }

  return async (): Promise<void> => {
    const counts = { done: 0, later: 0 };
    await concurrently(due(clock.now()), mostTogether, async (waiting) => {
      counts[await deliver(waiting)] += 1;
    });
    if (counts.done + counts.later > 0) log.info('alerts told', counts);
  };
}

/** What lines about an alert are found by: `record` is that of the deletion, where the finding is about one. */
function about({ id, change, finding }: Alert) {
  const { kind, subject, detail } = finding;
  const { registry } = subject;
  return present({ alert: id, finding: finding.id, kind, change, registry, record: detail['record'] });
}

/** What became of a finding, as an audit record. */
function statementOf({ id, change, at, by, finding }: Alert): Statement {
  const { subject, kind, severity, status, waiver } = finding;
  const { registry, repository, tag, digest } = subject;
  const reason = finding.resolution?.reason ?? waiver?.reason ?? finding.acknowledgement?.reason;
  return {
    registry,
    repository,
    at: { time: at, id: recordIdOf(`finding.${id}`) },
    recordedAt: at,
    kind: `finding-${change}`,
    content: present({
      finding: finding.id,
      kind,
      severity,
      status,
      tag,
      digest,
      by: by.id,
      byName: by.name,
      reason: by.id === 'acr-audit' ? undefined : reason,
      owner: waiver?.owner,
      until: waiver === undefined ? undefined : new Date(waiver.until).toISOString(),
    }),
  };
}
