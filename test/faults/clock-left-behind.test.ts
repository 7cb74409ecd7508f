import { describe, expect, it } from '@jest/globals';
import { attributeHistory } from '../../src/audit/attribute-history.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import type { AlertSink } from '../../src/audit/inventory-ports.ts';
import { compareManifest, compareTag } from '../../src/history/comparison.ts';
import { approvalRefusal } from '../../src/retention/runnable.ts';
import { attributionProgress } from '../../src/storage/attribution-progress.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { historyReader } from '../../src/storage/history-store.ts';
import { coverageOf } from '../../src/workloads/coverage.ts';
import { attributionPorts } from '../builders/attributions.ts';
import { epoch, fact, recordOf } from '../builders/facts.ts';
import { recorderOver } from '../builders/history-stores.ts';
import { claimed, inUseApp } from '../builders/in-use-app.ts';
import { logRecordOf, memoryLogs } from '../builders/memory-logs.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';

const seed = Number(process.env['CLOCK_SEED'] ?? 20_261_121);
const hour = 3_600_000;
const day = 24 * hour;
const one = digestOf('one');
const chance = chanceOf(seed);
/** By how much the clock was ahead: an hour to sixty days. */
const jumps = [hour, ...Array.from({ length: 6 }, () => (1 + chance(60 * 24)) * hour)];

/*
 * A clock that was ahead has been set right, and so was that of storage: nothing but what was written tells of it. With the
 * same hour for all, nobody can be asked.
 */
describe.each(jumps)(`when a clock was ahead by %i ms and is right again (CLOCK_SEED=${seed})`, (jump) => {
  it('what was read of a source then counts as fresh no longer: it is read again before anything goes', () => {
    const source = {
      name: 'aks',
      access: { type: 'submitted' as const },
      freshness: hour,
      rules: [],
    };
    const at = epoch + jump;
    const state = { source: 'aks', completeAt: at, lookedAt: at, problems: [], problemCount: 0, claims: 1 };
    const conditions = coverageOf([source], [state], epoch).map(({ condition }) => condition);
    expect(conditions).toEqual(['stale']);
    expect(coverageOf([source], [{ ...state, completeAt: epoch, lookedAt: epoch }], epoch)).toMatchObject([
      { condition: 'fresh' },
    ]);
  });

  it('what is found gone has a window that does not end before it begins', () => {
    const at = { time: epoch - day, id: 'push' };
    const head = {
      tag: 'prod',
      holding: { digest: one, stretch: at, lastPush: at },
      newestPush: at,
      oldestPush: at,
      recent: { pushes: [] },
    };
    // The last round began by the clock that was ahead.
    const look = { now: epoch, before: epoch + jump };
    expect(compareTag(undefined, head, look)).toEqual({
      differs: 'gone',
      digest: one,
      at: epoch,
      notBefore: at.time,
    });
    const manifest = { digest: one, presence: 'present' as const, newest: at };
    expect(compareManifest(undefined, manifest, look)).toMatchObject({ at: epoch, notBefore: at.time });
    expect(compareTag(undefined, head, { now: epoch, before: epoch - 1 })).toMatchObject({
      notBefore: epoch - 1,
    });
  });

  it('a plan made then cannot be approved: what it holds for old may be young', () => {
    const plan = {
      state: 'ready' as const,
      createdAt: epoch + jump,
      blocks: [],
      hash: 'ab',
      inputs: { policyHash: 'cd' },
    };
    const policy = { retention: { planAge: day, byPolicy: [] }, hash: 'cd' };
    const asked = { by: 'ada', hash: 'ab', now: epoch };
    expect(approvalRefusal(plan, policy, asked)).toMatchObject({ code: 'too-old' });
    expect(approvalRefusal({ ...plan, createdAt: epoch }, policy, asked)).toBeUndefined();
  });

  it('an alert that was put off then is told within the hour', async () => {
    const taken: string[] = [];
    let isAway = true;
    const sink: AlertSink = {
      name: 'hook',
      async send({ finding }) {
        if (isAway) throw new AuditFault('webhook-503', 'away', { retryable: true });
        taken.push(finding.kind);
      },
    };
    const app = inUseApp({ sinks: [sink] });
    await app.push('team/app', '1.0', one);
    await app.report('aks-prod', [claimed(`team/app@${one}`, 'web')]);
    await app.report('compose', []);
    await app.settle();
    app.clock.time += jump;
    await app.remove('team/app', one);
    await app.settle();
    app.clock.time -= jump;
    isAway = false;
    // No later than one that was put off by a clock that is right.
    app.wait(66);
    await app.deliver();
    expect(taken).toContain('DeletedDigestInUse');
  });

  it('what was recorded since is laid to the logs all the same', async () => {
    const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
    const record = recorderOver(tables);
    const push = fact('push', 0, { tag: 'prod', digest: one, requestId: 'request-1' });
    const clock = { time: epoch, now: () => clock.time };
    const attribute = attributeHistory({
      ...attributionPorts(tables),
      pages: historyPages(tables.repositories, tables.log),
      logs: new Map([['contoso.azurecr.io', memoryLogs([logRecordOf(push)])]]),
      progress: attributionProgress(memoryTable()),
      clock,
      log: { info() {}, warn() {}, error() {} },
    });
    clock.time = epoch + jump - day;
    await attribute();
    clock.time = epoch + jump + hour;
    await attribute();
    await record(recordOf(push));
    clock.time = epoch + hour;
    await attribute();
    const entry = await historyReader(tables.repositories).record(
      { registry: 'contoso.azurecr.io', repository: 'team/app' },
      push.at,
    );
    expect(entry?.fact.attribution).toMatchObject({ identity: 'ci@contoso.com' });
  });
});
