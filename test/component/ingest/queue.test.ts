import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { recordQueuedEvents, rejectPoisonMessage } from '../../../src/audit/queued-events.ts';
import { rejections } from '../../../src/storage/rejections.ts';
import { type AuditAppOptions, appTime, auditApp, itemsOf } from '../../builders/audit-app.ts';
import { asCloudEvent, digestOf, imagePushed } from '../../builders/registry-event.ts';

const busy = new AuditFault('storage-503', 'busy', { retryable: true });
const pushed = (id: string) => imagePushed({ id, tag: id, digest: digestOf(id) });

/** The two handlers of the queue, over an app. */
function setUp(options: AuditAppOptions = {}) {
  const app = auditApp(options);
  const lines: unknown[] = [];
  const write = (message: string, values: object = {}) => void lines.push({ message, ...values });
  const ports = {
    record: (event: unknown) => app.deliver(event),
    rejections: rejections(app.rejected),
    clock: { now: () => app.clock.time },
    log: { info: write, warn: write, error: write },
  };
  const rejected = () =>
    app.rejected.rows().map(({ partitionKey, columns }) => ({
      registry: partitionKey,
      reason: columns['reason'],
      detail: columns['detail'],
      receivedAt: columns['receivedAt'],
      payload: Buffer.from(String(columns['payload']), 'base64').toString('utf8'),
    }));
  return {
    app,
    lines,
    rejected,
    receive: recordQueuedEvents(ports),
    drain: rejectPoisonMessage(ports, 5),
  };
}

describe('a queue message', () => {
  it.each<[string, unknown]>([
    ['an event', pushed('a')],
    ['a CloudEvent', asCloudEvent(pushed('a'))],
    ['an array of one event', [pushed('a')]],
    ['the text of an event after a byte order mark', `\uFEFF${JSON.stringify(pushed('a'))}`],
  ])('when it is %s, history is as if Event Grid had delivered it', async (_, message) => {
    const { app, receive } = setUp();
    await receive(message);
    const direct = auditApp();
    await direct.deliver(pushed('a'));
    expect(await itemsOf(app)).toEqual(await itemsOf(direct));
    expect(app.rejected.rows()).toEqual([]);
  });

  it('when it comes again, nothing changes', async () => {
    const { app, receive } = setUp();
    await receive(pushed('a'));
    const before = await itemsOf(app);
    app.clock.time += 60_000;
    await receive(pushed('a'));
    expect(await itemsOf(app)).toEqual(before);
  });

  it.each(['', 'no JSON', '{"id":', 'eyJpZCI6MX0=', '"event'])(
    'when it is %j, which is no JSON, it is rejected as it came and acknowledged',
    async (message) => {
      const { rejected, receive, lines } = setUp();
      await receive(message);
      expect(rejected()).toEqual([
        {
          registry: 'unknown',
          reason: 'unreadable-event',
          detail: expect.stringMatching(/^the queue message is (not JSON|empty)/),
          receivedAt: new Date(appTime).toISOString(),
          payload: message,
        },
      ]);
      expect(lines).toEqual([expect.objectContaining({ message: 'event rejected' })]);
    },
  );

  it.each<[unknown]>([[null], [42], [true], [{}], [undefined], [[[pushed('a')]]]])(
    'when it is %j, which is no event, it is rejected and acknowledged',
    async (message) => {
      const { rejected, receive } = setUp();
      await receive(message);
      expect(rejected()).toEqual([expect.objectContaining({ reason: 'unreadable-event' })]);
    },
  );

  it('when it is an empty array, there is nothing to do', async () => {
    const { rejected, receive } = setUp();
    await receive([]);
    expect(rejected()).toEqual([]);
  });

  it('when one of its events meets a passing fault, the others are recorded and it is thrown', async () => {
    let isDown = true;
    const { app, receive } = setUp({
      faults: (table) => (table === 'rejected' ? { before: () => (isDown ? busy : undefined) } : {}),
    });
    const message = [pushed('a'), { id: 'unreadable' }, pushed('b')];
    await expect(receive(message)).rejects.toBe(busy);
    expect(await itemsOf(app)).toHaveLength(2);
    expect(app.rejected.rows()).toEqual([]);

    isDown = false;
    await receive(message);
    expect(await itemsOf(app)).toHaveLength(2);
    expect(app.rejected.rows()).toHaveLength(1);
  });

  it('when its rejection cannot be kept, it is not acknowledged', async () => {
    const { receive } = setUp({ faults: () => ({ before: () => busy }) });
    await expect(receive('no JSON')).rejects.toBe(busy);
  });
});

describe('a poison message', () => {
  it.each<[string, unknown, string]>([
    ['an event', pushed('a'), JSON.stringify(pushed('a'))],
    ['an array', [pushed('a'), 7], JSON.stringify([pushed('a'), 7])],
    ['text', 'no JSON', 'no JSON'],
    ['nothing', undefined, 'undefined'],
  ])('when it is %s, it is kept as it came, with how often it was tried', async (_, message, payload) => {
    const { app, rejected, drain, lines } = setUp();
    await drain(message);
    expect(rejected()).toEqual([
      {
        registry: 'unknown',
        reason: 'poison-message',
        detail: 'tried 5 times and never recorded; the log has the fault of the last attempt',
        receivedAt: new Date(appTime).toISOString(),
        payload,
      },
    ]);
    expect(await itemsOf(app)).toEqual([]);
    expect(lines).toEqual([
      expect.objectContaining({ message: 'queue message given up', reason: 'poison-message' }),
    ]);
  });

  it('when it comes again, it is kept once', async () => {
    const { rejected, drain } = setUp();
    await drain(pushed('a'));
    await drain(pushed('a'));
    expect(rejected()).toHaveLength(1);
  });

  it('when it is nested deeper than can be written, it is kept as such', async () => {
    const { rejected, drain } = setUp();
    await drain(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`));
    expect(rejected()).toEqual([
      expect.objectContaining({ payload: 'the message is nested too deeply to be kept' }),
    ]);
  });

  it('when it cannot be kept, it is not acknowledged', async () => {
    const { drain } = setUp({ faults: () => ({ before: () => busy }) });
    await expect(drain(pushed('a'))).rejects.toBe(busy);
  });
});
