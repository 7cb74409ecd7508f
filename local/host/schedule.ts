import { CronExpressionParser } from 'cron-parser';
import { parseTimeSpan } from './time-span.ts';

/** When a timer runs. */
export interface Schedule {
  /** The first occurrence after an instant. */
  next(after: Date): Date;
  /** Milliseconds from one occurrence to the next, where the schedule is a TimeSpan. */
  readonly interval?: number;
}

// One part of a list: *, a value or a range, perhaps with a step. Months and weekdays have names of three letters.
const cronPart = /^(\*|(\d+|[a-z]{3})(-(\d+|[a-z]{3}))?)(\/\d+)?$/i;

const dayOfMonthField = 3;
const dayOfWeekField = 5;
// Enough to reach 29 February on a given weekday (28 years at most, 40 around a century without a leap day).
const mostDays = 500;

/**
 * Reads a timer's schedule: NCRONTAB with six fields (or five, then at second 0) or a TimeSpan, which repeats from
 * the moment the timer starts. Occurrences follow the local clock.
 *
 * @returns the schedule, or what is wrong with the text.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function parseSchedule(text: string): Schedule | string {
  const interval = parseTimeSpan(text);
  if (interval !== undefined) {
    if (interval <= 0) return `"${text}" is not longer than zero`;
    return { interval, next: (after) => new Date(after.getTime() + interval) };
  }
  const fields = text.trim().split(/\s+/);
  // cron-parser knows more (@daily, L, #, ?, H) than NCRONTAB does.
  const foreign = fields.some((field) => !field.split(',').every((part) => cronPart.test(part)));
  if (foreign || fields.length < 5 || fields.length > 6)
    return `"${text}" is neither NCRONTAB nor a TimeSpan`;
  const padded = fields.length === 5 ? ['0', ...fields] : fields;
  try {
    return cronSchedule(padded);
  } catch (error) {
    return `"${text}" is not valid NCRONTAB: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function cronSchedule(fields: readonly string[]): Schedule {
  const whole = CronExpressionParser.parse(fields.join(' '));
  const bothDays = fields[dayOfMonthField] !== '*' && fields[dayOfWeekField] !== '*';
  if (!bothDays) {
    return {
      next(after) {
        whole.reset(after);
        return whole.next().toDate();
      },
    };
  }
  // Cron takes either day field, NCRONTAB wants both: find days of the month, keep the right weekdays.
  const weekdays = new Set(whole.fields.dayOfWeek.values.map((day) => Number(day) % 7));
  const byMonth = CronExpressionParser.parse(fields.with(dayOfWeekField, '*').join(' '));
  const next = (after: Date) => {
    let start = after;
    for (let days = 0; days < mostDays; days++) {
      byMonth.reset(start);
      const candidate = byMonth.next().toDate();
      if (weekdays.has(candidate.getDay())) return candidate;
      start = new Date(candidate.getFullYear(), candidate.getMonth(), candidate.getDate(), 23, 59, 59, 999);
    }
    throw new Error('The schedule has no occurrence.');
  };
  next(new Date());
  return { next };
}

/**
 * Whether the schedule repeats within a minute; Azure does not monitor such timers.
 *
 * @see https://github.com/Azure/azure-webjobs-sdk-extensions/blob/main/src/WebJobs.Extensions/Extensions/Timers/Scheduling/TimerSchedule.cs
 */
export function repeatsWithinMinute({ interval, next }: Schedule, now: Date): boolean {
  if (interval !== undefined) return interval < 60_000;
  return next(next(now)).getTime() - now.getTime() <= 60_000;
}
