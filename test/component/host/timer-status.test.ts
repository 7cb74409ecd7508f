import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retryDelay } from '../../../local/host/retry.ts';
import { parseSchedule, type Schedule } from '../../../local/host/schedule.ts';
import {
  currentStatus,
  fileTimerStatus,
  initialStatus,
  statusAfter,
} from '../../../local/host/timer-status.ts';

function every(text: string): Schedule {
  const schedule = parseSchedule(text);
  if (typeof schedule === 'string') throw new Error(schedule);
  return schedule;
}

const noon = new Date('2026-03-01T12:00:00Z');
const one = new Date('2026-03-01T13:00:00Z');
const quarterPast = new Date('2026-03-01T12:15:00Z');

describe('the status of a timer', () => {
  it('when the timer is new, the next occurrence counts from now', () => {
    expect(initialStatus(every('01:00:00'), noon)).toEqual({ last: undefined, next: one, lastUpdated: noon });
  });

  it('when an occurrence has run, the next counts from it', () => {
    expect(statusAfter(noon, every('01:00:00'))).toEqual({ last: noon, next: one, lastUpdated: noon });
  });

  it('when the schedule was changed since, the new one decides what was missed', () => {
    const recorded = statusAfter(noon, every('01:00:00'));
    expect(currentStatus(recorded, every('00:15:00')).next).toEqual(quarterPast);
  });
});

describe('status files', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'acr-audit-timers-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('when a status is written, it is read back', async () => {
    const statuses = fileTimerStatus(join(directory, 'timers'));
    const status = initialStatus(every('01:00:00'), noon);
    await statuses.write('sealLedger', status);
    expect(await statuses.read('sealLedger')).toEqual(status);
    await statuses.write('sealLedger', statusAfter(noon, every('01:00:00')));
    expect((await statuses.read('sealLedger'))?.last).toEqual(noon);
  });

  it.each(['', '{', '{}', '{"Last":null,"Next":"soon","LastUpdated":"now"}'])(
    'when the file holds %j, the timer starts afresh',
    async (content) => {
      await writeFile(join(directory, 'damaged.json'), content);
      expect(await fileTimerStatus(directory).read('damaged')).toBeUndefined();
    },
  );

  it('when there is no file, there is no status', async () => {
    expect(await fileTimerStatus(directory).read('new')).toBeUndefined();
  });
});

describe('retry delays', () => {
  it('when the strategy is fixed, every delay is the same', () => {
    const policy = { maxRetryCount: 3, retryStrategy: 'fixedDelay' as const, delayInterval: { seconds: 5 } };
    expect([1, 2, 3].map((count) => retryDelay(policy, count))).toEqual([5_000, 5_000, 5_000]);
  });

  it('when the strategy is exponential, delays double up to the maximum', () => {
    const policy = {
      maxRetryCount: -1,
      retryStrategy: 'exponentialBackoff' as const,
      minimumInterval: { seconds: 2 },
      maximumInterval: { seconds: 10 },
    };
    expect([1, 2, 3, 4, 5000].map((count) => retryDelay(policy, count))).toEqual([
      2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
  });
});
