import { appendFileSync } from 'node:fs';
import type { RegistryEvent } from './change.ts';
import { eventMessage } from './event-message.ts';
import type { RegistryFaults } from './faults.ts';
import { outcomeOf, type RetrySchedule } from './retry-schedule.ts';
import type { RegistryState, Subscription } from './state.ts';

// An endpoint has 30 s to answer: https://learn.microsoft.com/azure/event-grid/delivery-and-retry
const answerTimeout = 30_000;
// How long an event that is to be overtaken is held back.
const longestHold = 200;

/** Carries pending events to the endpoints of their subscriptions, at least once. */
export interface EventDelivery {
  /** Attempts everything pending for a subscription without further delay: it may have a new endpoint. */
  resume(subscription: string): void;
  /** Resolves when no event is pending: each was delivered or dead-lettered. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface EventDeliveryOptions {
  readonly state: RegistryState;
  readonly faults: RegistryFaults;
  readonly schedule: RetrySchedule;
  readonly random: () => number;
  readonly resourceId: string;
  /** File of JSON lines for events that were given up. */
  readonly deadLetterFile: string;
  readonly log: (line: string) => void;
}

interface Task {
  readonly event: RegistryEvent;
  readonly subscription: string;
  readonly firstAttempt: number;
  attempts: number;
  timer: NodeJS.Timeout | undefined;
}

interface Attempt {
  readonly status: number | undefined;
  readonly description: string;
}

/** The message of the innermost cause: `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}

/** Events go out one after another in the order they happened; a failed one waits while later ones overtake it. */
export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { state, faults, schedule, random, resourceId, log } = options;
  const tasks = new Set<Task>();
  const due: Task[] = [];
  const waiting: (() => void)[] = [];
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  async function post(task: Task, subscription: Subscription): Promise<Attempt> {
    const message = eventMessage(task.event, subscription.schema, {
      resourceId,
      stringData: faults.eventStringData,
    });
    try {
      const response = await fetch(subscription.endpoint, {
        method: 'POST',
        headers: {
          ...message.headers,
          'aeg-subscription-name': subscription.name.toUpperCase(),
          'aeg-delivery-count': String(task.attempts - 1),
        },
        body: JSON.stringify(message.body),
        redirect: 'manual',
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(answerTimeout)]),
      });
      await response.body?.cancel();
      return { status: response.status, description: `status ${response.status}` };
    } catch (error) {
      return { status: undefined, description: reasonOf(error) };
    }
  }

  function settle(task: Task): void {
    tasks.delete(task);
    state.commit([{ op: 'event-settled', id: task.event.id, subscription: task.subscription }]);
  }

  /** Properties: https://learn.microsoft.com/azure/event-grid/manage-event-delivery#dead-lettered-events. */
  function deadLetter(task: Task, subscription: Subscription, reason: string, attempt: Attempt): void {
    const { body } = eventMessage(task.event, subscription.schema, { resourceId, stringData: false });
    const [event] = Array.isArray(body) ? body : [body];
    const letter = {
      ...event,
      deadLetterReason: reason,
      deliveryAttempts: task.attempts,
      lastDeliveryOutcome: attempt.status === undefined ? 'TimedOut' : 'Failed',
      lastHttpStatusCode: attempt.status,
      publishTime: task.event.time,
      lastDeliveryAttemptTime: new Date().toISOString(),
    };
    appendFileSync(options.deadLetterFile, `${JSON.stringify(letter)}\n`, { mode: 0o600 });
    log(`event ${task.event.id} given up after ${task.attempts} attempts: ${attempt.description}`);
    settle(task);
  }

  function postpone(task: Task, milliseconds: number): void {
    clearTimeout(task.timer);
    task.timer = setTimeout(() => enqueue(task), milliseconds);
  }

  function retry(task: Task, subscription: Subscription, attempt: Attempt): void {
    if (task.attempts >= schedule.maxAttempts) {
      deadLetter(task, subscription, 'MaxDeliveryAttemptsExceeded', attempt);
    } else if (Date.now() - task.firstAttempt > schedule.timeToLive) {
      deadLetter(task, subscription, 'TimeToLiveExceeded', attempt);
    } else {
      log(`event ${task.event.id} will be retried: ${attempt.description}`);
      postpone(task, schedule.wait(task.attempts));
    }
  }

  async function deliver(task: Task): Promise<void> {
    const subscription = state.subscriptions.get(task.subscription);
    if (subscription === undefined) {
      settle(task);
      return;
    }
    task.attempts += 1;
    const attempt = await post(task, subscription);
    if (closing.signal.aborted) {
      return;
    }
    switch (attempt.status === undefined ? 'retry' : outcomeOf(attempt.status)) {
      case 'delivered':
        if (random() < faults.eventDuplicateProbability) {
          await post(task, subscription);
        }
        settle(task);
        return;
      case 'dead-letter':
        deadLetter(task, subscription, 'UndeliverableDueToClientError', attempt);
        return;
      case 'retry':
        retry(task, subscription, attempt);
    }
  }

  async function drain(): Promise<void> {
    for (let task = due.shift(); task !== undefined && !closing.signal.aborted; task = due.shift()) {
      await deliver(task);
    }
    running = undefined;
    if (tasks.size === 0) {
      for (const resolve of waiting.splice(0)) {
        resolve();
      }
    }
  }

  function enqueue(task: Task): void {
    clearTimeout(task.timer);
    task.timer = undefined;
    due.push(task);
    running ??= drain();
  }

  function accept(event: RegistryEvent, subscription: string): void {
    const task: Task = { event, subscription, firstAttempt: Date.now(), attempts: 0, timer: undefined };
    tasks.add(task);
    if (random() < faults.eventReorderProbability) {
      postpone(task, 1 + random() * longestHold);
    } else {
      enqueue(task);
    }
  }

  for (const { event, subscriptions } of state.pending.values()) {
    for (const subscription of subscriptions) {
      accept(event, subscription);
    }
  }
  state.observe((change) => {
    if (change.op === 'event') {
      for (const subscription of change.subscriptions) {
        accept(change.event, subscription);
      }
    }
  });

  return {
    resume(subscription) {
      for (const task of tasks) {
        if (task.subscription === subscription && task.timer !== undefined) {
          enqueue(task);
        }
      }
    },
    settled() {
      return tasks.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },
    async close() {
      closing.abort();
      for (const task of tasks) {
        clearTimeout(task.timer);
      }
      await running;
    },
  };
}
