import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { type AuditApp, auditApp } from '../../builders/audit-app.ts';
import type { TableFaults } from '../../builders/memory-table.ts';
import { digestOf, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

const one = digestOf('one');
const two = digestOf('two');
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();

const earlier = imagePushed({ id: 'earlier', tag: 'prod', digest: one, timestamp: at(1) });
const events: readonly (readonly [string, unknown])[] = [
  ['a push of a new digest', imagePushed({ id: 'new', tag: 'prod', digest: two, timestamp: at(2) })],
  ['a late push', imagePushed({ id: 'late', tag: 'prod', digest: two, timestamp: at(0) })],
  ['a push by digest', imagePushed({ id: 'direct', tag: null, digest: two, timestamp: at(2) })],
  ['a deletion', imageDeleted({ id: 'gone', digest: one, timestamp: at(2) })],
  ['an event to reject', { id: 'unreadable' }],
];

type Moment = 'before' | 'after';

/** An app whose storage fails the `nth` call of the event, once: before the call is done, or its answer is lost. */
function failing(moment: Moment, nth: number) {
  let calls = 0;
  let isArmed = false;
  let isFailed = false;
  const fail = (asked: Moment, table: string): AuditFault | undefined => {
    if (!isArmed || isFailed || asked !== moment) return undefined;
    if (calls++ !== nth) return undefined;
    isFailed = true;
    return new AuditFault('storage-503', `${table} is busy`, { retryable: true });
  };
  const faults = (table: string): TableFaults => ({
    before: () => fail('before', table),
    after: () => fail('after', table),
  });
  const arm = () => {
    isArmed = true;
  };
  return { app: auditApp({ faults }), arm, hasFailed: () => isFailed };
}

function contents(app: AuditApp) {
  return [app.repositories, app.digests, app.log, app.rejected].map((table) =>
    table.rows().map(({ partitionKey, rowKey, columns }) => ({ partitionKey, rowKey, columns })),
  );
}

describe.each(events)('%s', (_, event) => {
  it.each<Moment>(['before', 'after'])(
    'when any storage call fails %s it is done, the event is thrown for redelivery, which heals all',
    async (moment) => {
      const undisturbed = auditApp();
      await undisturbed.deliver(earlier);
      await undisturbed.deliver(event);
      let failures = 0;
      for (let nth = 0; ; nth += 1) {
        const { app, arm, hasFailed } = failing(moment, nth);
        await app.deliver(earlier);
        arm();
        const thrown = await app.deliver(event).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (!hasFailed()) break;
        failures += 1;
        expect(thrown).toBeInstanceOf(AuditFault);
        expect(thrown).toMatchObject({ retryable: true });
        await app.deliver(event);
        expect(contents(app)).toEqual(contents(undisturbed));
      }
      expect(failures).toBeGreaterThan(0);
    },
  );
});

describe('storage that stays down', () => {
  it('when nothing can be written, every delivery is thrown, none is taken for rejected', async () => {
    const down = new AuditFault('storage-unreachable', 'no answer', { retryable: true });
    const app = auditApp({ faults: () => ({ before: () => down }) });
    for (const [, event] of events) await expect(app.deliver(event)).rejects.toBe(down);
    expect(app.lines.filter(({ message }) => message === 'event rejected')).toEqual([]);
  });

  it('when rejections cannot be kept, the event is not acknowledged', async () => {
    const down = new AuditFault('storage-503', 'busy', { retryable: true });
    const app = auditApp({ faults: (table) => (table === 'rejected' ? { before: () => down } : {}) });
    await expect(app.deliver({})).rejects.toBe(down);
    expect(await app.deliver(earlier)).toBe('recorded');
  });
});
