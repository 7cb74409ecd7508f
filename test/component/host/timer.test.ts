import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  type AppDirectory,
  bundleApp,
  eventually,
  type HostProcess,
  startHostProcess,
} from './host-process.ts';

const runsAnswer = z.object({
  overlapped: z.boolean(),
  runs: z.array(
    z.object({
      name: z.string(),
      timer: z.object({
        isPastDue: z.boolean(),
        scheduleStatus: z.record(z.string(), z.string()).nullable(),
      }),
      retry: z.number().optional(),
      failure: z.string().optional(),
    }),
  ),
});

let app: AppDirectory;
let host: HostProcess;

const timersDirectory = () => join(app.data, 'timers');

async function answer() {
  return runsAnswer.parse(await (await fetch(`${host.url}/api/runs`)).json());
}

/** The runs of a function, once there are at least so many. */
async function runsOf(name: string, count: number) {
  return eventually(async () => {
    const runs = (await answer()).runs.filter((run) => run.name === name);
    return runs.length >= count ? runs : undefined;
  });
}

async function statusOf(name: string): Promise<Record<string, string | null>> {
  return JSON.parse(await readFile(join(timersDirectory(), `${name}.json`), 'utf8'));
}

const longAgo = '2020-01-01T00:30:00.000Z';

beforeAll(async () => {
  app = await bundleApp('timers');
  await mkdir(timersDirectory(), { recursive: true });
  const status = { Last: '2020-01-01T00:00:00.000Z', Next: '2021-01-01T00:00:00.000Z', LastUpdated: longAgo };
  await writeFile(join(timersDirectory(), 'yearly.json'), JSON.stringify(status));
  await writeFile(join(timersDirectory(), 'unmonitored.json'), JSON.stringify(status));
  host = await startHostProcess(app, { env: { EVERY_SECOND: '* * * * * *', TZ: 'UTC' } });
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
});

describe('occurrences', () => {
  it('when the schedule comes from a setting, the timer follows it', async () => {
    const runs = await runsOf('everySecond', 2);
    expect(runs.every(({ timer }) => !timer.isPastDue)).toBe(true);
  });

  it('when the schedule repeats within a minute, there is no status', async () => {
    const [run] = await runsOf('everySecond', 1);
    expect(run?.timer.scheduleStatus).toBeNull();
    expect(await readdir(timersDirectory())).not.toContain('everySecond.json');
  });

  it('when the schedule is a TimeSpan, the timer repeats', async () => {
    expect((await runsOf('interval', 2)).length).toBeGreaterThanOrEqual(2);
  });

  it('when a run takes longer than the schedule, runs do not overlap', async () => {
    await runsOf('slow', 2);
    expect((await answer()).overlapped).toBe(false);
  });
});

describe('starting', () => {
  it('when an occurrence was missed while the host was down, it runs at once and says so', async () => {
    const [run] = await runsOf('yearly', 1);
    expect(run?.timer).toMatchObject({
      isPastDue: true,
      scheduleStatus: {
        last: '2020-01-01T00:00:00.000Z',
        next: '2021-01-01T00:00:00.000Z',
        lastUpdated: longAgo,
      },
    });
    await eventually(async () => ((await statusOf('yearly'))['LastUpdated'] === longAgo ? undefined : true));
    const { Last, Next } = await statusOf('yearly');
    expect(Date.parse(Last ?? '')).toBeGreaterThan(Date.parse(longAgo));
    expect(Next).toMatch(/-01-01T00:00:00.000Z$/);
  });

  it('when the timer is not monitored, a missed occurrence stays missed', async () => {
    await runsOf('yearly', 1);
    expect((await answer()).runs.filter(({ name }) => name === 'unmonitored')).toEqual([]);
  });

  it('when runOnStartup is set, it runs at once and is not past due', async () => {
    const [run] = await runsOf('onStartup', 1);
    expect(run?.timer).toMatchObject({ isPastDue: false, scheduleStatus: { last: '0001-01-01T00:00:00' } });
  });

  it('when the host starts again in time, nothing is past due', async () => {
    await runsOf('onStartup', 1);
    await eventually(async () => ((await statusOf('yearly'))['LastUpdated'] === longAgo ? undefined : true));
    await host.stop();
    host = await startHostProcess(app, { env: { EVERY_SECOND: '* * * * * *', TZ: 'UTC' } });
    await runsOf('onStartup', 1);
    expect((await answer()).runs.filter(({ name }) => name === 'yearly')).toEqual([]);
  });
});

describe('retries', () => {
  it('when a run fails, the policy says how often it is tried again, with the reason', async () => {
    const runs = await runsOf('retried', 3);
    expect(runs.map(({ retry, failure }) => ({ retry, failure }))).toEqual([
      { retry: undefined, failure: undefined },
      { retry: 1, failure: 'not yet' },
      { retry: 2, failure: 'not yet' },
    ]);
    await runsOf('everySecond', 2);
    expect(await runsOf('retried', 3)).toHaveLength(3);
  });

  it('when the host stops between retries, it does not wait for the next', async () => {
    await host.logged(/retriedForEver: \S+ failed/);
    expect(await host.stop()).toBe(0);
    expect(host.stderr()).not.toContain('Stopped while');
  });
});
