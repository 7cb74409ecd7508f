import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { InvocationRequest } from './core-api.ts';
import type { HostedFunction } from './function-metadata.ts';
import type { Invoker } from './invocation.ts';
import { describeError, type HostLog } from './log.ts';
import { invokeWithRetry } from './retry.ts';
import { parseSchedule, repeatsWithinMinute, type Schedule } from './schedule.ts';
import {
  currentStatus,
  initialStatus,
  statusAfter,
  type TimerStatus,
  type TimerStatusStore,
} from './timer-status.ts';

const properties = z.object({
  schedule: z.string(),
  runOnStartup: z.boolean().default(false),
  useMonitor: z.boolean().default(true),
});

/** A timer function and its schedule. */
export interface Timer {
  readonly target: HostedFunction;
  readonly schedule: Schedule;
  readonly runOnStartup: boolean;
  readonly useMonitor: boolean;
}

/** Reads timer functions; what is wrong with one is reported. */
export function timersOf(
  targets: readonly HostedFunction[],
  report: (problem: string) => void,
): readonly Timer[] {
  const timers: Timer[] = [];
  for (const target of targets) {
    const parsed = properties.safeParse(target.trigger.properties);
    if (!parsed.success) {
      report(`function "${target.name}": ${z.prettifyError(parsed.error)}`);
      continue;
    }
    const schedule = parseSchedule(parsed.data.schedule);
    if (typeof schedule === 'string') report(`function "${target.name}": the schedule ${schedule}`);
    else timers.push({ target, ...parsed.data, schedule });
  }
  return timers;
}

export interface TimerOptions {
  readonly invoker: Invoker;
  readonly statuses: TimerStatusStore;
  readonly log: HostLog;
  /** Ends the timer; a run in progress is left to finish. */
  readonly signal: AbortSignal;
}

/**
 * Runs a timer until `signal`: at once if an occurrence was missed while the host was down (past due) or
 * `runOnStartup` says so, then at each occurrence. Runs never overlap: occurrences that fall into a run become one
 * run after it.
 *
 * @see https://github.com/Azure/azure-webjobs-sdk-extensions/blob/main/src/WebJobs.Extensions/Extensions/Timers/Listener/TimerListener.cs
 */
export async function runTimer(
  timer: Timer,
  { invoker, statuses, log, signal }: TimerOptions,
): Promise<void> {
  const { target, schedule, runOnStartup } = timer;
  const started = new Date();
  const monitored = timer.useMonitor && !repeatsWithinMinute(schedule, started);

  async function record(status: TimerStatus): Promise<TimerStatus> {
    if (monitored) {
      await statuses
        .write(target.name, status)
        .catch((error: unknown) =>
          log('error', target.name, `The timer's status was not saved: ${describeError(error)}`),
        );
    }
    return status;
  }

  async function run(status: TimerStatus, isPastDue: boolean): Promise<TimerStatus> {
    const began = new Date();
    const request = timerRequest(target, monitored ? status : undefined, isPastDue);
    await invokeWithRetry(invoker, target, request, signal);
    return record(statusAfter(began, schedule));
  }

  const recorded = monitored ? await statuses.read(target.name) : undefined;
  let status =
    recorded === undefined
      ? await record(initialStatus(schedule, started))
      : currentStatus(recorded, schedule);
  const isPastDue = recorded !== undefined && started > status.next;
  if (isPastDue) log('information', target.name, `was due at ${status.next.toISOString()}; running now`);
  if (isPastDue || runOnStartup) status = await run(status, isPastDue);
  while (await sleepUntil(status.next, signal)) status = await run(status, false);
}

/** One run of a timer as an invocation; without a status, the timer is not monitored. */
export function timerRequest(
  { trigger }: HostedFunction,
  status: TimerStatus | undefined,
  isPastDue: boolean,
): InvocationRequest {
  const info = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus:
      status === undefined
        ? null
        : { Last: status.last ?? '0001-01-01T00:00:00', Next: status.next, LastUpdated: status.lastUpdated },
    IsPastDue: isPastDue,
  };
  return { inputData: [{ name: trigger.name, data: { json: JSON.stringify(info) } }] };
}

// setTimeout counts in 32 bits and may wake early, so sleep in stretches until the clock agrees.
const longestSleep = 2 ** 31 - 1;

async function sleepUntil(instant: Date, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    if (signal.aborted) return false;
    const remaining = instant.getTime() - Date.now();
    if (remaining <= 0) return true;
    await delay(Math.min(remaining, longestSleep), undefined, { signal }).catch(() => undefined);
  }
}
