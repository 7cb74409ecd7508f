import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { EventOutcome } from '../../../src/audit/record-event.ts';
import { replayDeadLetters } from '../../../src/audit/replay-dead-letters.ts';
import { appTime, auditApp, itemsOf } from '../../builders/audit-app.ts';
import { deadLettered, deadLetteredCloudEvent, deadLetterName } from '../../builders/dead-letter.ts';
import { type DeadLetterFaults, memoryDeadLetters } from '../../builders/memory-dead-letters.ts';
import { digestOf, imagePushed } from '../../builders/registry-event.ts';

const busy = new AuditFault('storage-503', 'busy', { retryable: true });
const nothing = { replayed: 0, known: 0, ignored: 0, rejected: 0, done: 0, quarantined: 0, left: 0 };
const pushed = (id: string) => imagePushed({ id, tag: id, digest: digestOf(id) });
const [first, second, third] = [deadLetterName(1), deadLetterName(2), deadLetterName(3)];

function setUp(faults: DeadLetterFaults = {}) {
  const app = auditApp();
  const letters = memoryDeadLetters(faults);
  const lines: unknown[] = [];
  const write = (message: string, values: object = {}) => void lines.push({ message, ...values });
  const clock = { now: () => app.clock.time };
  const log = { info: write, warn: write, error: write };
  const replayWith = (record: (event: unknown) => Promise<EventOutcome>) =>
    replayDeadLetters({ deadLetters: letters, record, clock, log });
  return { app, letters, lines, replayWith, replay: replayWith((event) => app.deliver(event)) };
}

describe('a dead letter', () => {
  it('when nothing waits, a run does and says nothing', async () => {
    const { replay, lines } = setUp();
    expect(await replay()).toEqual(nothing);
    expect(lines).toEqual([]);
  });

  it('when its events were never delivered, they are recorded as if they had been', async () => {
    const { app, letters, replay, lines } = setUp();
    const content = JSON.stringify([deadLettered(pushed('a')), deadLetteredCloudEvent(pushed('b'))]);
    letters.put(first, content);
    expect(await replay()).toEqual({ ...nothing, replayed: 2, done: 1 });
    expect(letters.state()).toEqual({ waiting: {}, done: { [first]: content }, quarantine: {} });
    expect(lines).toEqual([{ message: 'dead letters replayed', ...nothing, replayed: 2, done: 1 }]);

    const direct = auditApp();
    for (const id of ['a', 'b']) await direct.deliver(pushed(id));
    expect(await itemsOf(app)).toEqual(await itemsOf(direct));
  });

  it('when an event was delivered after all, it is known and nothing changes', async () => {
    const { app, letters, replay } = setUp();
    await app.deliver(pushed('a'));
    const before = await itemsOf(app);
    app.clock.time += 60_000;
    letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
    expect(await replay()).toEqual({ ...nothing, known: 1, done: 1 });
    expect(await itemsOf(app)).toEqual(before);
  });

  it('when it is put back and replayed again, nothing changes', async () => {
    const { app, letters, replay } = setUp();
    const content = JSON.stringify([deadLettered(pushed('a')), { id: 'unreadable' }]);
    letters.put(first, content);
    expect(await replay()).toEqual({ ...nothing, replayed: 1, rejected: 1, done: 1 });
    const before = [await itemsOf(app), app.rejected.rows(), letters.state()];
    letters.put(first, content);
    expect(await replay()).toEqual({ ...nothing, known: 1, rejected: 1, done: 1 });
    expect([await itemsOf(app), app.rejected.rows(), letters.state()]).toEqual(before);
  });

  it('when it holds what can never be recorded and what is of another type, each is settled', async () => {
    const { app, letters, replay } = setUp();
    const unreadable = deadLettered({ ...pushed('a'), id: '' });
    const other = deadLettered({ ...pushed('b'), eventType: 'Microsoft.Storage.BlobCreated' });
    letters.put(first, JSON.stringify([unreadable, other, deadLettered(pushed('c'))]));
    expect(await replay()).toEqual({ ...nothing, replayed: 1, ignored: 1, rejected: 1, done: 1 });
    const [row, ...others] = app.rejected.rows();
    expect(others).toEqual([]);
    expect(row?.columns).toMatchObject({ reason: 'unreadable-event' });
    // Why it was never delivered is kept with it.
    const payload: unknown = JSON.parse(
      Buffer.from(String(row?.columns['payload']), 'base64').toString('utf8'),
    );
    expect(payload).toMatchObject({ deadLetterReason: 'MaxDeliveryAttemptsExceeded' });
  });

  it.each([
    ['cut off', '[{"id":', /^is not JSON: /],
    ['empty', '', /^is empty$/],
    ['no list of events', '"event"', /^is neither an event nor a list/],
    ['too large', `[${' '.repeat(16 * 1_048_576)}]`, /^has 16777218 bytes: at most 16777216$/],
  ])(
    'when it is %s, it is quarantined with the reason, and others are replayed',
    async (_, content, reason) => {
      const { app, letters, replay, lines } = setUp();
      letters.put(first, content);
      letters.put(second, JSON.stringify([deadLettered(pushed('a'))]));
      expect(await replay()).toEqual({ ...nothing, replayed: 1, done: 1, quarantined: 1 });
      expect(letters.state()).toMatchObject({
        waiting: {},
        done: { [second]: expect.any(String) },
        quarantine: { [first]: { reason: expect.stringMatching(reason) } },
      });
      expect(letters.state().quarantine[first]?.content === content).toBe(true);
      expect(app.rejected.rows()).toEqual([]);
      expect(lines).toContainEqual({
        message: 'dead letter quarantined',
        name: first,
        reason: expect.stringMatching(reason),
      });
      expect(await replay()).toEqual(nothing);
    },
  );
});

describe('a passing fault', () => {
  it('when one event meets it, its dead letter waits, all others are tried, and the run fails', async () => {
    const { app, letters, replayWith, replay } = setUp();
    letters.put(first, JSON.stringify([pushed('a'), pushed('b'), pushed('c')].map(deadLettered)));
    letters.put(second, JSON.stringify([deadLettered(pushed('d'))]));
    const isB = (event: unknown) => JSON.stringify(event).includes('"id":"b"');
    const failing = replayWith((event) => (isB(event) ? Promise.reject(busy) : app.deliver(event)));
    await expect(failing()).rejects.toBe(busy);
    expect(Object.keys(letters.state().waiting)).toEqual([first]);
    expect((await itemsOf(app)).map(({ tag }) => tag).sort()).toEqual(['a', 'c', 'd']);

    expect(await replay()).toEqual({ ...nothing, replayed: 1, known: 2, done: 1 });
    expect(Object.keys(letters.state().done).sort()).toEqual([first, second]);
  });

  it('when several meet faults, the first is thrown and what was done is logged', async () => {
    const { letters, replayWith, lines } = setUp();
    const faults = [busy, new AuditFault('storage-500', 'worse', { retryable: true })];
    letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
    letters.put(second, JSON.stringify([deadLettered(pushed('b'))]));
    letters.put(third, '');
    await expect(replayWith(() => Promise.reject(faults.shift()))()).rejects.toBe(busy);
    expect(lines.at(-1)).toEqual({ message: 'dead letters replayed', ...nothing, quarantined: 1, left: 2 });
  });

  it.each(['list', 'read', 'copy', 'delete'] as const)(
    'when storage fails to %s, before or after it did, the next run ends it',
    async (failing) => {
      for (const moment of ['before', 'after'] as const) {
        let isArmed = true;
        const fail = (step: string) => {
          if (!isArmed || step !== failing) return undefined;
          isArmed = false;
          return busy;
        };
        const { app, letters, replay } = setUp({ [moment]: fail });
        letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
        letters.put(second, 'unreadable');
        await expect(replay()).rejects.toBe(busy);
        await replay();
        expect(letters.state()).toMatchObject({
          waiting: {},
          done: { [first]: expect.any(String) },
          quarantine: { [second]: expect.anything() },
        });
        expect(await itemsOf(app)).toHaveLength(1);
      }
    },
  );
});

describe('a run beside others', () => {
  it('when another run put a dead letter aside meanwhile, it is passed over', async () => {
    const { app, letters, replayWith, replay } = setUp();
    letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
    const slow = replayWith(async (event) => {
      await replay();
      return app.deliver(event);
    });
    expect(await slow()).toMatchObject({ known: 1, done: 1, left: 0 });
    expect(Object.keys(letters.state().done)).toEqual([first]);
  });

  it('when one is removed after it was listed, it is passed over', async () => {
    const { letters, replay } = setUp({
      before: (step, name) => (step === 'read' ? letters.take(name) : undefined),
    });
    letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
    expect(await replay()).toEqual(nothing);
  });

  it('when one is written anew while it is replayed, what is new is replayed too', async () => {
    const { app, letters, replayWith, replay } = setUp();
    letters.put(first, JSON.stringify([deadLettered(pushed('a'))]));
    const slow = replayWith(async (event) => {
      letters.put(first, JSON.stringify([pushed('a'), pushed('b')].map(deadLettered)));
      return app.deliver(event);
    });
    await expect(slow()).rejects.toMatchObject({ code: 'storage-412', retryable: true });
    expect(await replay()).toEqual({ ...nothing, replayed: 1, known: 1, done: 1 });
    expect(await itemsOf(app)).toHaveLength(2);
  });
});

describe('a run that has much to do', () => {
  it('when more than a thousand wait, the others are for the next run', async () => {
    const { letters, replay, lines } = setUp();
    for (let index = 0; index < 1_005; index += 1) letters.put(deadLetterName(index), '[]');
    expect(await replay()).toEqual({ ...nothing, done: 1_000 });
    expect(lines).toContainEqual({ message: 'dead letters wait for the next run', tried: 1_000 });
    expect(await replay()).toEqual({ ...nothing, done: 5 });
  });

  it('when its time is up, it begins nothing more, and the next run goes on', async () => {
    const { app, letters, replayWith, replay } = setUp();
    const ids = Array.from({ length: 40 }, (_, index) => `event-${index}`);
    letters.put(first, JSON.stringify(ids.map((id) => deadLettered(pushed(id)))));
    letters.put(second, JSON.stringify([deadLettered(pushed('last'))]));
    const slow = replayWith((event) => {
      app.clock.time += 10_000;
      return app.deliver(event);
    });
    const { replayed, left, done } = await slow();
    expect({ replayed, left, done }).toEqual({ replayed: 18, left: 1, done: 0 });
    expect(Object.keys(letters.state().waiting)).toEqual([first, second]);
    expect(app.clock.time).toBe(appTime + 180_000);
    expect(await replay()).toEqual({ ...nothing, replayed: 23, known: 18, done: 2 });
  });
});
