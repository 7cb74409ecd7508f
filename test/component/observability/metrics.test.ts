import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Attributes, createNoopMeter, type MeterProvider } from '@opentelemetry/api';
import { AuditFault } from '../../../src/audit/fault.ts';
import { measureState } from '../../../src/audit/measure-state.ts';
import {
  measuredEnforcement,
  measuredEvents,
  measuredFindings,
  measuredSealing,
  measuredSink,
} from '../../../src/audit/measured.ts';
import { type InstrumentName, instruments, type Metrics } from '../../../src/audit/metrics.ts';
import { openTelemetryMetrics } from '../../../src/functions/open-telemetry-metrics.ts';
import { coverageOf } from '../../../src/workloads/coverage.ts';
import { usualSources } from '../../builders/in-use-app.ts';
import { writtenLog } from '../../builders/logged-lines.ts';
import { alertTime, sampleAlert } from '../../builders/sample-alert.ts';

const registry = 'contoso.azurecr.io';
const names = Object.keys(instruments).filter((name): name is InstrumentName => name in instruments);

/** A provider of meters that keeps what is recorded, as an SDK would. */
function keepingProvider() {
  const made: string[] = [];
  const recorded: unknown[] = [];
  const keep = (kind: string) => (name: string, options?: { readonly unit?: string }) => {
    made.push(`${kind} ${name} ${options?.unit}`);
    const take = (value: number, attributes?: Attributes) => void recorded.push([name, value, attributes]);
    return { add: take, record: take };
  };
  const meter = Object.assign(createNoopMeter(), {
    createCounter: keep('counter'),
    createHistogram: keep('histogram'),
    createGauge: keep('gauge'),
  });
  const provider: MeterProvider = { getMeter: () => meter };
  return { made, recorded, provider };
}

function keptMetrics() {
  const recorded: (readonly [string, number, Readonly<Record<string, string>> | undefined])[] = [];
  const metrics: Metrics = {
    record: (name, value, attributes) => void recorded.push([name, value, attributes]),
  };
  return { metrics, recorded };
}

describe('metrics', () => {
  it('when an SDK provides meters, each instrument is made once, of its kind and unit', () => {
    const { made, recorded, provider } = keepingProvider();
    const metrics = openTelemetryMetrics(() => provider);
    for (const name of [...names, ...names]) metrics.record(name, 1, { registry });
    expect(made).toEqual(names.map((name) => `${instruments[name].kind} ${name} ${instruments[name].unit}`));
    expect(recorded).toEqual([...names, ...names].map((name) => [name, 1, { registry }]));
  });

  it('when nothing provides meters, recording does nothing', () => {
    const metrics = openTelemetryMetrics();
    expect(() => names.map((name) => metrics.record(name, 1))).not.toThrow();
  });

  it('when the documentation lists them, each is there with its kind and unit', () => {
    const guide = readFileSync('docs/observability.md', 'utf8');
    const listed = [...guide.matchAll(/^\| `(acr_audit[a-z._]+)` +\| (\w+) +\| `([^`]+)`/gm)];
    expect(listed.map(([, ...row]) => row)).toEqual(
      names.map((name) => [name, instruments[name].kind, instruments[name].unit]),
    );
  });
});

describe('what is measured', () => {
  const clock = { now: () => alertTime + 1_500 };

  it('when an event is settled or comes again, it is counted by its outcome', async () => {
    const { metrics, recorded } = keptMetrics();
    const outcomes = ['recorded', 'known', 'ignored', 'rejected'] as const;
    for (const outcome of outcomes) await measuredEvents(async () => outcome, { metrics, clock })({});
    const away = measuredEvents(() => Promise.reject(new Error('away')), { metrics, clock });
    await expect(away({})).rejects.toThrow('away');
    expect(recorded.filter(([name]) => name === 'acr_audit.events')).toEqual(
      [...outcomes, 'failed'].map((outcome) => ['acr_audit.events', 1, { outcome }]),
    );
    expect(recorded.filter(([name]) => name === 'acr_audit.event.duration')).toHaveLength(5);
  });

  it('when a finding changes, it is counted by kind and change, and still told', () => {
    const { metrics, recorded } = keptMetrics();
    const told: string[] = [];
    measuredFindings(metrics, ({ id }) => void told.push(id))(sampleAlert());
    const attributes = { kind: 'DeletedDigestInUse', severity: 'critical', change: 'opened' };
    expect(recorded).toEqual([['acr_audit.findings', 1, attributes]]);
    expect(told).toEqual([sampleAlert().id]);
  });

  it.each([
    ['takes', undefined, 'delivered'],
    ['is away for', new AuditFault('webhook-503', 'away', { retryable: true }), 'failed'],
    ['never takes', new AuditFault('webhook-400', 'never', { retryable: false }), 'refused'],
  ])(
    'when a receiver %s an alert, that is counted, and its delay where it was taken',
    async (_, fault, outcome) => {
      const { metrics, recorded } = keptMetrics();
      const send = () => (fault === undefined ? Promise.resolve() : Promise.reject(fault));
      const sent = measuredSink({ name: 'ops', send }, { metrics, clock }).send(sampleAlert());
      expect(await sent.catch((error: unknown) => error)).toBe(fault);
      expect(recorded).toEqual([
        ['acr_audit.alerts', 1, { to: 'ops', outcome }],
        ...(fault === undefined ? [['acr_audit.alert.delay', 1.5, { to: 'ops' }]] : []),
      ]);
    },
  );

  it('when a log is sealed or is not, records and failures are counted', async () => {
    const { metrics, recorded } = keptMetrics();
    const { signal } = new AbortController();
    await measuredSealing(async () => ({ records: 3, size: 7 }), metrics)(registry, signal);
    const fails = measuredSealing(() => Promise.reject(new Error('no key')), metrics);
    await expect(fails(registry, signal)).rejects.toThrow('no key');
    expect(recorded).toEqual([
      ['acr_audit.ledger.sealed', 3, { registry }],
      ['acr_audit.ledger.failures', 1, { registry }],
    ]);
  });

  it('when locks are set, undone and refused, each is counted', async () => {
    const { metrics, recorded } = keptMetrics();
    const summary = { locked: 4, unlocked: 2, kept: 9, findings: 1, failed: 1 };
    await measuredEnforcement(async () => summary, metrics)({ registry, repository: 'team/app' });
    expect(recorded).toEqual([
      ['acr_audit.locks', 4, { registry, change: 'set' }],
      ['acr_audit.locks', 2, { registry, change: 'undone' }],
      ['acr_audit.lock.failures', 1, { registry }],
    ]);
  });
});

describe('the state of the service', () => {
  const now = alertTime;
  const waitingFor = (seconds: number) => ({ key: String(seconds), leaf: String(now - seconds * 1_000) });

  function state(
    changes: Partial<Parameters<typeof measureState>[0]> = {},
    waiting: readonly ReturnType<typeof waitingFor>[] = [],
  ) {
    const kept = keptMetrics();
    const written = writtenLog();
    const measure = measureState({
      registries: [registry],
      rounds: {
        last: async () => ({ startedAt: now - 60_000, repositories: 2, before: now - 3_660_000 }),
        failed: async () => 1,
      },
      queue: { waiting: async () => 0 },
      deadLetters: { counts: async () => ({ waiting: 2, quarantined: 1 }) },
      coverage: async () => coverageOf(usualSources, [], now),
      ledger: { pending: async () => ({ ready: waiting, refused: [] }) },
      sealed: [registry],
      recordedAt: Number,
      metrics: kept.metrics,
      clock: { now: () => now },
      log: written.log,
      ...changes,
    });
    return { measure, recorded: kept.recorded, lines: written.lines };
  }
  const of = (lines: readonly { readonly message: string }[], message: string) =>
    lines.find((line) => line.message === message);

  it('when no comparison waits, the last round is over, and the lag is from its beginning', async () => {
    const { measure, lines, recorded } = state();
    await measure();
    expect(of(lines(), 'registry measured')).toMatchObject({
      reconcileLagSeconds: 60,
      repositoriesFailed: 1,
    });
    expect(recorded).toContainEqual(['acr_audit.reconcile.lag', 60, { registry }]);
  });

  it('when some wait, the lag is from the beginning of the round before', async () => {
    const { measure, lines } = state({ queue: { waiting: async () => 1 } });
    await measure();
    expect(of(lines(), 'registry measured')).toMatchObject({ reconcileLagSeconds: 3_660 });
  });

  it('when there was no round, no lag is told', async () => {
    const { measure, lines, recorded } = state({
      rounds: { last: async () => undefined, failed: async () => 0 },
    });
    await measure();
    expect(of(lines(), 'registry measured')).not.toHaveProperty('reconcileLagSeconds');
    expect(recorded.map(([name]) => name)).not.toContain('acr_audit.reconcile.lag');
  });

  it.each([
    [[], 0],
    [[30, 1_200, 5], 1_200],
  ])('when records wait for %j seconds, the lag of sealing is %i', async (waiting, lag) => {
    const { measure, lines, recorded } = state({}, waiting.map(waitingFor));
    await measure();
    expect(of(lines(), 'ledger measured')).toMatchObject({ registry, sealLagSeconds: lag });
    expect(recorded).toContainEqual(['acr_audit.ledger.lag', lag, { registry }]);
  });

  it('when a source has not reported, its condition is told and no age', async () => {
    const { measure, lines } = state();
    await measure();
    expect(of(lines(), 'source measured')).toEqual({
      level: 'info',
      message: 'source measured',
      source: 'aks-prod',
      condition: 'never',
      problems: 0,
    });
  });

  it('when one thing cannot be read, the others are told, and the run fails', async () => {
    const away = () => Promise.reject(new Error('storage is away'));
    const { measure, lines } = state({ ledger: { pending: away }, coverage: away });
    await expect(measure()).rejects.toThrow('2 could not be measured');
    expect(lines().map(({ message }) => message)).toEqual([
      'comparisons measured',
      'registry measured',
      'not measured',
      'not measured',
      'dead letters measured',
    ]);
  });
});
