import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { AlertSink } from '../../../src/audit/inventory-ports.ts';
import { findingOf } from '../../../src/findings/finding.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { chanceOf, restlessTable } from '../../builders/restless-table.ts';

const one = digestOf('one');

/** A sink that takes what it is told to. */
function sink(name: string) {
  const taken: string[] = [];
  const state = { fault: undefined as AuditFault | undefined, tried: 0 };
  const own: AlertSink = {
    name,
    async send(alert) {
      state.tried += 1;
      if (state.fault !== undefined) throw state.fault;
      taken.push(`${alert.finding.kind} ${alert.change}`);
    },
  };
  return { own, taken, state };
}

const away = new AuditFault('webhook-503', 'away', { retryable: true });
const never = new AuditFault('webhook-400', 'never', { retryable: false });

async function deletionTold(...sinks: readonly ReturnType<typeof sink>[]) {
  const app = inUseApp({ sinks: sinks.map(({ own }) => own) });
  await app.push('team/app', '1.0', one);
  await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
  await app.report('compose', []);
  await app.settle();
  for (const { taken, state } of sinks) {
    taken.splice(0);
    state.tried = 0;
  }
  return app;
}
const left = (app: ReturnType<typeof inUseApp>) =>
  app.tables.findings.rows().filter(({ rowKey }) => rowKey.startsWith('x|'));

describe('when a finding is opened', () => {
  it('everybody is told at once, it is recorded, and nothing is left to tell', async () => {
    const [a, b] = [sink('a'), sink('b')];
    const app = await deletionTold(a, b);
    await app.remove('team/app', one);
    await app.settle();
    expect(a.taken).toContain('DeletedDigestInUse opened');
    expect(b.taken).toContain('DeletedDigestInUse opened');
    expect(left(app)).toEqual([]);
    expect(app.statements().map(({ kind }) => kind)).toContain('finding-opened');
  });

  it('and one of two is away, the other is told once, and that one when it is back', async () => {
    const [a, b] = [sink('a'), sink('b')];
    const app = await deletionTold(a, b);
    b.state.fault = away;
    await app.remove('team/app', one);
    await app.settle();
    const alarms = (of: typeof a) => of.taken.filter((text) => text === 'DeletedDigestInUse opened');
    expect(alarms(a)).toHaveLength(1);
    expect(left(app).length).toBeGreaterThan(0);
    await app.deliver();
    b.state.fault = undefined;
    app.wait(2);
    await app.deliver();
    expect(alarms(a)).toHaveLength(1);
    expect(alarms(b)).toHaveLength(1);
    expect(left(app)).toEqual([]);
  });

  it('and somebody will never take it, it is given up with a line in the log', async () => {
    const a = sink('a');
    const app = await deletionTold(a);
    a.state.fault = never;
    await app.remove('team/app', one);
    await app.settle();
    expect(left(app)).toEqual([]);
    expect(app.lines).toContainEqual(
      expect.objectContaining({ message: 'alert given up', values: expect.objectContaining({ to: 'a' }) }),
    );
  });

  it('and somebody is away for more than a day, it is tried less and less often, then given up', async () => {
    const a = sink('a');
    const app = await deletionTold(a);
    a.state.fault = away;
    await app.remove('team/app', one);
    await app.settle();
    const before = a.state.tried;
    for (let minute = 0; minute < 26 * 60; minute += 1) {
      app.wait(1);
      await app.deliver();
    }
    const perAlert = (a.state.tried - before) / before;
    expect(perAlert).toBeGreaterThan(20);
    expect(perAlert).toBeLessThan(60);
    expect(left(app)).toEqual([]);
    expect(app.lines.map(({ message }) => message)).toContain('alert given up');
  });
});

describe('when many findings are opened at once', () => {
  const orphans = Array.from({ length: 100 }, (_, index) =>
    findingOf('OrphanLock', { registry: usedRegistry, repository: 'team/app', tag: `t${index}` }, {}),
  );

  it('and somebody is slow, some are told at once and the others by the timer', async () => {
    const slow = sink('slow');
    const released = Promise.withResolvers<void>();
    const app = inUseApp({
      sinks: [
        {
          name: 'slow',
          async send(alert) {
            await slow.own.send(alert);
            await released.promise;
          },
        },
      ],
    });
    await app.findings.raise(usedRegistry, orphans, app.clock.now());
    expect(slow.state.tried).toBeLessThan(50);
    released.resolve();
    await app.settle();
    app.wait(1);
    await app.deliver();
    expect(slow.taken).toHaveLength(100);
    expect(left(app)).toEqual([]);
  });

  it.each([
    ['is of a kind that only a newer version knows, all are told', 'kind', 3],
    ['cannot be read, the others are told', 'severity', 2],
  ])('and one %s', async (_, column, told) => {
    const a = sink('a');
    a.state.fault = away;
    const app = inUseApp({ sinks: [a.own] });
    await app.findings.raise(usedRegistry, orphans.slice(0, 3), app.clock.now());
    await app.settle();
    const [first] = left(app);
    if (first === undefined) throw new Error('nothing is left');
    const { partitionKey, rowKey, columns } = first;
    await app.tables.findings.put({ partitionKey, rowKey, columns: { ...columns, [column]: 'OfTomorrow' } });
    a.state.fault = undefined;
    app.wait(2);
    await app.deliver();
    expect(a.taken).toHaveLength(told);
    expect(left(app)).toHaveLength(3 - told);
    const isUnreadable = app.lines.some(({ message }) => message === 'alert not readable');
    expect(isUnreadable).toBe(told < 3);
  });

  it('and one is told without end, the others are told beside it', async () => {
    const a = sink('a');
    a.state.fault = away;
    const all = Promise.withResolvers<void>();
    const app = inUseApp({
      sinks: [
        {
          name: 'a',
          async send(alert) {
            await a.own.send(alert);
            if (a.taken.length === 3) all.resolve();
            await all.promise;
          },
        },
      ],
    });
    await app.findings.raise(usedRegistry, orphans.slice(0, 3), app.clock.now());
    await app.settle();
    a.state.fault = undefined;
    app.wait(2);
    await app.deliver();
    expect(a.taken).toHaveLength(3);
  });
});

describe('when the process ends at any call of storage', () => {
  it('whoever listens hears of the deletion all the same, once it is told again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const chance = chanceOf(seed);
        const faults = { refused: 8, lost: 8, cutOff: 8 };
        const memory = { findings: memoryTable(), repositories: memoryTable(), log: memoryTable() };
        const a = sink('a');
        let isRestless = false;
        const restless = (table: ReturnType<typeof memoryTable>) => {
          const other = restlessTable(table, chance, faults);
          return new Proxy(table, {
            get: (target, name, self) =>
              Reflect.get(isRestless ? other : target, name, isRestless ? other : self),
          });
        };
        const app = inUseApp({
          sinks: [a.own],
          tables: {
            findings: restless(memory.findings),
            repositories: restless(memory.repositories),
            log: restless(memory.log),
          },
        });
        await app.push('team/app', '1.0', one);
        await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
        await app.report('compose', []);
        await app.settle();
        isRestless = true;
        const event = { action: 'delete' as const, digest: one };
        const record = {
          registry: usedRegistry,
          repository: 'team/app',
          fact: {
            ...event,
            at: { time: app.clock.now(), id: 'deletion' },
            recordedAt: app.clock.time,
            source: 'event' as const,
            eventId: 'deletion',
            client: {},
          },
        };
        // Event Grid delivers until it is acknowledged.
        for (let delivery = 0; delivery < 200; delivery += 1) {
          try {
            await app.record(record);
            break;
          } catch (error) {
            if (!(error instanceof AuditFault) || !error.retryable) throw error;
          }
        }
        // What was sent at once may have been cut off: the timer does the rest.
        for (let minute = 0; minute < 60; minute += 1) {
          app.wait(1);
          await app.deliver().catch(() => undefined);
        }
        isRestless = false;
        app.wait(60);
        await app.deliver();
        expect(a.taken).toContain('DeletedDigestInUse opened');
        const outbox = memory.findings.rows().filter(({ rowKey }) => rowKey.startsWith('x|'));
        expect(outbox).toEqual([]);
        const statements = memory.repositories.rows().filter(({ rowKey }) => rowKey.startsWith('S|'));
        expect(statements.some(({ columns }) => String(columns['leaf']).includes('finding-opened'))).toBe(
          true,
        );
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) },
    );
  });
});

describe('when findings age', () => {
  const critical = async () => {
    const a = sink('a');
    const app = await deletionTold(a);
    await app.remove('team/app', one);
    const [finding] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    const id = finding?.id ?? '';
    const by = { id: 'analyst', name: 'analyst' };
    const change = (event: Parameters<typeof app.findings.change>[2]) =>
      app.findings.change(usedRegistry, id, event, by, app.clock.now());
    const told = () => a.taken.filter((text) => text === 'DeletedDigestInUse escalated').length;
    return { app, a, id, change, told };
  };

  it('one that nobody took up is told again, five times and no more', async () => {
    const { app, told } = await critical();
    const counts: number[] = [];
    for (let hour = 0; hour < 8; hour += 1) {
      app.wait(61);
      await app.escalate();
      await app.escalate();
      await app.settle();
      counts.push(told());
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 5, 5, 5]);
  });

  it('one that somebody took up is not', async () => {
    const { app, change, told } = await critical();
    await change({ event: 'acknowledge', reason: 'on it' });
    app.wait(300);
    await app.escalate();
    await app.settle();
    expect(told()).toBe(0);
  });

  it('one that is waived is quiet until that ends, and open again then', async () => {
    const { app, id, change, told } = await critical();
    const until = app.clock.time + 48 * 3_600_000;
    await change({ event: 'waive', owner: 'shop', reason: 'known', until });
    app.wait(47 * 60);
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    await app.report('compose', []);
    await app.escalate();
    await app.settle();
    expect((await app.findings.get(usedRegistry, id))?.status).toBe('waived');
    expect(told()).toBe(0);
    app.wait(61);
    await app.escalate();
    expect(await app.findings.get(usedRegistry, id)).toMatchObject({
      status: 'open',
      reopenedAt: expect.any(Number),
    });
    expect((await app.findings.get(usedRegistry, id))?.waiver).toBeUndefined();
  });

  it('one that is waived for a rollback and becomes critical is open again', async () => {
    const a = sink('a');
    const app = inUseApp({ sinks: [a.own] });
    await app.push('team/app', '1.0', one);
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web', { state: 'rollback' })]);
    await app.report('compose', []);
    await app.remove('team/app', one);
    const [finding] = (await app.open()).filter(({ kind }) => kind === 'DeletedDigestInUse');
    const by = { id: 'analyst', name: 'analyst' };
    const until = app.clock.time + 48 * 3_600_000;
    const waive = { event: 'waive', owner: 'shop', reason: 'old', until } as const;
    await app.findings.change(usedRegistry, finding?.id ?? '', waive, by, app.clock.now());
    app.wait(1);
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    await app.settle();
    expect(await app.findings.get(usedRegistry, finding?.id ?? '')).toMatchObject({
      status: 'open',
      severity: 'critical',
    });
  });
});
