import { describe, expect, it } from '@jest/globals';
import { askedWork } from '../../../src/audit/asked-work.ts';
import { begunTimes } from '../../../src/storage/begun-times.ts';
import { memoryTable } from '../../builders/memory-table.ts';

const app = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const second = 1_000;

/** A queue of askings, at times in seconds, and the looks that they lead to, each of which takes some seconds. */
function looking() {
  const looks: string[] = [];
  let now = Date.UTC(2026, 4, 2);
  const start = now;
  let failing = false;
  const ask = askedWork({
    begun: begunTimes(memoryTable(), 'looked'),
    clock: { now: () => now },
    async work({ repository }) {
      if (failing) throw new Error('the registry is busy');
      looks.push(repository);
      now += 10 * second;
    },
  });
  return {
    looks,
    fail: (isFailing: boolean) => {
      failing = isFailing;
    },
    wait: (seconds: number) => {
      now += seconds * second;
    },
    ask: (at?: number, repository = app) =>
      ask(repository, at === undefined ? undefined : start + at * second),
  };
}

describe('when looks at uses are asked for faster than they can be made', () => {
  it('one look answers all that were asked for before it began', async () => {
    const { ask, wait, looks } = looking();
    wait(60);
    for (let at = 0; at < 50; at += 1) await ask(at);
    expect(looks).toEqual(['team/app']);
  });

  it('looks again for what was asked for since the last look began', async () => {
    const { ask, wait, looks } = looking();
    wait(60);
    await ask(0);
    expect(await ask(61)).toBe('done');
    expect(looks).toHaveLength(2);
  });

  it('looks again where clocks may differ by as much as lies between', async () => {
    const { ask, wait } = looking();
    wait(60);
    await ask(0);
    expect(await ask(56)).toBe('done');
  });

  it('looks for another repository, and for messages that say no time', async () => {
    const { ask, wait } = looking();
    wait(60);
    await ask(0);
    expect(await ask(1, { ...app, repository: 'team/web' })).toBe('done');
    expect(await ask()).toBe('done');
  });

  it('does not remember a look that failed', async () => {
    const { ask, wait, fail } = looking();
    wait(60);
    fail(true);
    await expect(ask(0)).rejects.toThrow('busy');
    fail(false);
    expect(await ask(0)).toBe('done');
  });
});
