import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { askedWork, askForWork } from '../../../src/audit/asked-work.ts';
import type { RepositoryId } from '../../../src/history/fact.ts';
import type { Table } from '../../../src/storage/row.ts';
import { turnRecords } from '../../../src/storage/turn-records.ts';
import { memoryTable } from '../../builders/memory-table.ts';

const app = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const web = { ...app, repository: 'team/web' };

interface Message {
  readonly repository: RepositoryId;
  readonly afterTurn: number | undefined;
  readonly delayMs: number;
}

/** Asking and looking, with the messages between them. */
function looking(table: Table = memoryTable()) {
  const turns = turnRecords(table, 'looked');
  const messages: Message[] = [];
  const looks: string[] = [];
  const state = { now: Date.UTC(2026, 4, 2), isFailing: false, seen: 0, written: 0, sendFails: false };
  const clock = { now: () => state.now };
  const ask = askForWork({
    turns,
    clock,
    async send(repository, afterTurn, delayMs) {
      if (state.sendFails) throw new Error('the queue is busy');
      messages.push({ repository, afterTurn, delayMs });
    },
  });
  const look = askedWork({
    turns,
    clock,
    async work({ repository }) {
      const sees = state.written;
      // Others have their turn between what it sees and its end.
      await table.get('nothing', 'here');
      if (state.isFailing) throw new Error('the registry is busy');
      looks.push(repository);
      state.seen = Math.max(state.seen, sees);
    },
  });
  return { messages, looks, state, ask, look };
}

describe('when looks are asked for faster than they can be made', () => {
  it('what is asked for while a message waits is one message, and one look', async () => {
    const { messages, looks, ask, look } = looking();
    for (let push = 0; push < 50; push += 1) await ask(app);
    expect(messages).toEqual([{ repository: app, afterTurn: 0, delayMs: 0 }]);
    await look(app, 0);
    expect(looks).toEqual(['team/app']);
  });

  it('asks again for what was written since the last look began', async () => {
    const { messages, ask, look } = looking();
    await ask(app);
    await look(app, 0);
    await ask(app);
    expect(messages).toHaveLength(2);
    expect(await look(app, messages[1]?.afterTurn)).toBe('done');
  });

  it('holds a message back until ten seconds after the last look began, whatever clocks say', async () => {
    const { messages, state, ask, look } = looking();
    await ask(app);
    await look(app, 0);
    const began = state.now;
    for (const [at, delayMs] of [
      [began + 2_000, 8_000],
      [began + 19_000, 0],
      [began - 60_000, 10_000],
    ] as const) {
      state.now = at;
      await ask(app);
      expect(messages.at(-1)).toMatchObject({ delayMs });
      state.now = began;
      await look(app, messages.at(-1)?.afterTurn);
    }
  });

  it('a message is answered by a look that began after it was sent, and ended well', async () => {
    const { looks, ask, look } = looking();
    await ask(app);
    // As the timer asks.
    await look(app);
    expect(await look(app, 0)).toBe('done-since');
    expect(looks).toHaveLength(1);
    expect(await look(app, 1)).toBe('done');
  });

  it('a message is not answered by a look that failed', async () => {
    const { state, look, ask } = looking();
    await ask(app);
    state.isFailing = true;
    await expect(look(app)).rejects.toThrow('busy');
    state.isFailing = false;
    expect(await look(app, 0)).toBe('done');
  });

  it('repositories are asked for by themselves', async () => {
    const { messages, ask, look } = looking();
    await ask(app);
    await ask(web);
    await look(app);
    expect(messages.map(({ repository }) => repository)).toEqual([app, web]);
    expect(await look(web, 0)).toBe('done');
  });

  it('what could not be sent is asked for by whoever comes next', async () => {
    const { messages, state, ask } = looking();
    state.sendFails = true;
    await expect(ask(app)).rejects.toThrow('busy');
    state.sendFails = false;
    await ask(app);
    expect(messages).toHaveLength(1);
  });

  it('a row that an earlier version wrote is one without turns', async () => {
    const table = memoryTable();
    await table.put({
      partitionKey: 'looked|contoso.azurecr.io',
      rowKey: 'contoso.azurecr.io|team:app',
      columns: { at: '2026-05-02T00:00:00.000Z' },
    });
    const { messages, looks, ask, look } = looking(table);
    await ask(app);
    await look(app, messages[0]?.afterTurn);
    expect(looks).toHaveLength(1);
  });

  it('whatever comes between, a look that ended well has seen all that was asked for', async () => {
    const happening = fc.record({
      scheduler: fc.scheduler(),
      // After how many steps each push comes.
      pushes: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 }),
      timers: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 2 }),
      failures: fc.array(fc.boolean(), { maxLength: 6 }),
    });
    const property = fc.asyncProperty(happening, async ({ scheduler, pushes, timers, failures }) => {
      const table = memoryTable();
      const slow =
        <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>, name: string) =>
        async (...args: A): Promise<R> => {
          await scheduler.schedule(Promise.resolve(), name);
          return call(...args);
        };
      const { messages, state, ask, look } = looking({
        ...table,
        get: slow(table.get, 'get'),
        insert: slow(table.insert, 'insert'),
        transact: slow(table.transact, 'transact'),
      });
      const push = async () => {
        state.written += 1;
        await ask(app);
      };
      /** A message is handled until it is done, as the queue does. */
      const handled = async (afterTurn: number | undefined): Promise<void> => {
        state.isFailing = failures.shift() ?? false;
        await look(app, afterTurn).catch(() => handled(afterTurn));
      };
      const comes = async (steps: number, what: string) => {
        for (let step = 0; step <= steps; step += 1) await scheduler.schedule(Promise.resolve(), what);
      };
      const work: Promise<unknown>[] = [
        ...timers.map((steps) => comes(steps, 'timer').then(() => handled(undefined))),
        ...pushes.map((steps) => comes(steps, 'push').then(push)),
      ];
      for (let taken = 0; taken < messages.length || scheduler.count() > 0; ) {
        if (scheduler.count() > 0) await scheduler.waitOne();
        await new Promise((resume) => setImmediate(resume));
        for (const { afterTurn } of messages.slice(taken)) work.push(handled(afterTurn));
        taken = messages.length;
      }
      await Promise.all(work);
      expect(state.seen).toBe(state.written);
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
