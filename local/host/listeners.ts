import type { HostedFunction } from './function-metadata.ts';
import type { QueueSettings } from './host-json.ts';
import type { HostPlan } from './host-plan.ts';
import type { Invoker } from './invocation.ts';
import { describeError, type HostLog } from './log.ts';
import type { TimerStatusStore } from './timer-status.ts';
import { runTimer } from './timer-trigger.ts';

export interface ListenerOptions {
  readonly plan: Pick<HostPlan, 'timers' | 'queues'>;
  readonly queueSettings: QueueSettings;
  readonly queueLease?: number;
  readonly statuses: TimerStatusStore;
  readonly invoker: Invoker;
  readonly log: HostLog;
  /** Ends the listeners; what they are running is finished first. */
  readonly signal: AbortSignal;
}

/** Starts timers and queue polling; each promise ends with its listener and never rejects. */
export async function startListeners(options: ListenerOptions): Promise<readonly Promise<void>[]> {
  const { plan, queueSettings: settings, statuses, invoker, log, signal } = options;

  // A listener that cannot go on leaves the others running, as on Azure.
  async function listen({ name }: HostedFunction, listening: Promise<void>): Promise<void> {
    try {
      await listening;
    } catch (error) {
      log('critical', 'host', `The listener of ${name} stopped: ${describeError(error)}`);
    }
  }

  const timers = plan.timers
    .filter(({ target }) => !target.disabled)
    .map((timer) => listen(timer.target, runTimer(timer, { invoker, statuses, log, signal })));
  const queues = plan.queues.filter(({ target }) => !target.disabled);
  if (queues.length === 0) return timers;
  // The storage SDK is slow to load, and few apps have queues.
  const { runQueueListener } = await import('./queue-trigger.ts');
  const lease = options.queueLease === undefined ? {} : { lease: options.queueLease };
  const polling = queues.map((queue) =>
    listen(queue.target, runQueueListener({ ...queue, ...lease, settings, invoker, log, signal })),
  );
  return [...timers, ...polling];
}
