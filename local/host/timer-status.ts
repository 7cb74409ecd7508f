import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Schedule } from './schedule.ts';

/** What is remembered of a timer between runs of the host. */
export interface TimerStatus {
  /** When the last run began; `undefined` before the first. */
  readonly last: Date | undefined;
  readonly next: Date;
  readonly lastUpdated: Date;
}

export interface TimerStatusStore {
  read(timer: string): Promise<TimerStatus | undefined>;
  write(timer: string, status: TimerStatus): Promise<void>;
}

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const statusFile = z.object({ Last: instant.nullable(), Next: instant, LastUpdated: instant });

/** One JSON file per timer. An unreadable file counts as absent: the timer starts afresh. */
export function fileTimerStatus(directory: string): TimerStatusStore {
  const pathOf = (timer: string) => join(directory, `${timer}.json`);
  return {
    async read(timer) {
      try {
        const { Last, Next, LastUpdated } = statusFile.parse(
          JSON.parse(await readFile(pathOf(timer), 'utf8')),
        );
        return { last: Last ?? undefined, next: Next, lastUpdated: LastUpdated };
      } catch {
        return undefined;
      }
    },
    async write(timer, { last, next, lastUpdated }) {
      const content = { Last: last ?? null, Next: next, LastUpdated: lastUpdated };
      await mkdir(directory, { recursive: true });
      // Renaming keeps a crash from leaving half a file.
      const temporary = `${pathOf(timer)}.new`;
      await writeFile(temporary, `${JSON.stringify(content)}\n`);
      await rename(temporary, pathOf(timer));
    },
  };
}

/** The status of a timer that has never run. */
export function initialStatus(schedule: Schedule, now: Date): TimerStatus {
  return { last: undefined, next: schedule.next(now), lastUpdated: now };
}

/**
 * The status as it holds under the schedule of today: where the schedule was changed since the status was written,
 * the next occurrence is the one that the new schedule gives.
 *
 * @see https://github.com/Azure/azure-webjobs-sdk-extensions/blob/main/src/WebJobs.Extensions/Extensions/Timers/Scheduling/ScheduleMonitor.cs
 */
export function currentStatus(recorded: TimerStatus, schedule: Schedule): TimerStatus {
  return { ...recorded, next: schedule.next(recorded.lastUpdated) };
}

/** The status after a run that began at `began`. */
export function statusAfter(began: Date, schedule: Schedule): TimerStatus {
  return { last: began, next: schedule.next(began), lastUpdated: began };
}
