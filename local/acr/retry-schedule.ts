const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Waits between attempts: https://learn.microsoft.com/azure/event-grid/delivery-and-retry#retry-schedule. */
const waits = [
  10 * second,
  30 * second,
  minute,
  5 * minute,
  10 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
];
const lastWait = 12 * hour;

/** How deliveries are retried, in milliseconds of this machine's time. */
export interface RetrySchedule {
  /** The wait after this many failed attempts. */
  wait(attempts: number): number;
  readonly maxAttempts: number;
  /** The age at which an event is given up. */
  readonly timeToLive: number;
}

/** Event Grid's defaults with every duration multiplied: 0.01 makes the first retry wait 0.1 s instead of 10 s. */
export function retrySchedule(factor: number): RetrySchedule {
  return {
    wait: (attempts) => (waits[attempts - 1] ?? lastWait) * factor,
    maxAttempts: 30,
    timeToLive: 24 * hour * factor,
  };
}

/** What an answer means for a delivery. */
export type Outcome = 'delivered' | 'retry' | 'dead-letter';

/** Success is 200 to 204 only; 400, 401, 403 and 413 are not retried. */
export function outcomeOf(status: number): Outcome {
  if (status >= 200 && status <= 204) {
    return 'delivered';
  }
  return [400, 401, 403, 413].includes(status) ? 'dead-letter' : 'retry';
}
