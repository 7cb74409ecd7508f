import { describe, expect, it } from '@jest/globals';
import { attributeHistory } from '../../../src/audit/attribute-history.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { RegistryLogs } from '../../../src/audit/registry-logs.ts';
import type { Fact } from '../../../src/history/fact.ts';
import type { LoginRecord, LogRecord } from '../../../src/history/log-record.ts';
import { attributionProgress } from '../../../src/storage/attribution-progress.ts';
import { historyPages } from '../../../src/storage/history-pages.ts';
import { historyReader } from '../../../src/storage/history-store.ts';
import { attributionPorts } from '../../builders/attributions.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { logRecordOf, type MemoryLogs, memoryLogs } from '../../builders/memory-logs.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { contents } from '../rebuild/stored-history.ts';

const contoso = 'contoso.azurecr.io';
const minute = 60_000;
const day = 24 * 60 * minute;
const [one, two] = [digestOf('one'), digestOf('two')];
const push = fact('push', 0, { tag: 'prod', digest: one, requestId: 'request-1' });
const deletion = fact('deletion', 5, { action: 'delete', digest: one });

/** A history in memory that is laid to logs by hand. */
function setting() {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const inventory = memoryTable();
  const clock = { time: epoch, now: () => clock.time };
  const errors: unknown[] = [];
  const record = recorderOver(tables);
  const progress = attributionProgress(inventory);
  return {
    tables,
    progress,
    errors,
    async tell(...facts: readonly Fact[]) {
      for (const one of facts) await record(recordOf(one));
    },
    /** Runs so many minutes after the epoch. */
    run(minutes: number, logs: RegistryLogs, others: readonly (readonly [string, RegistryLogs])[] = []) {
      clock.time = epoch + minutes * minute;
      const log = { info: () => {}, warn: () => {}, error: (...line: unknown[]) => void errors.push(line) };
      return attributeHistory({
        ...attributionPorts(tables),
        pages: historyPages(tables.repositories, tables.log),
        logs: new Map([...others, [contoso, logs]]),
        progress,
        clock,
        log,
      })();
    },
    async of({ at }: Fact, repository = 'team/app') {
      const entry = await historyReader(tables.repositories).record({ registry: contoso, repository }, at);
      return entry?.fact.attribution;
    },
  };
}

const logs = (changes: readonly LogRecord[], logins: readonly LoginRecord[] = []): MemoryLogs =>
  memoryLogs(changes, logins);

describe('when history is laid to the logs', () => {
  it('names who did it', async () => {
    const { tell, run, of } = setting();
    await tell(push, deletion);
    await run(60, logs([logRecordOf(push), logRecordOf(deletion, { identity: 'ops@contoso.com' }, 30)]));
    expect(await of(push)).toMatchObject({ identity: 'ci@contoso.com', certainty: 'certain' });
    expect(await of(deletion)).toMatchObject({ identity: 'ops@contoso.com', at: deletion.at.time + 30 });
  });

  it('tells repositories apart', async () => {
    const { tell, run, of } = setting();
    await tell(push);
    await run(60, logs([logRecordOf(push, { repository: 'team/web' })]));
    expect(await of(push)).toBeUndefined();
  });

  it('leaves what has not settled to the next run', async () => {
    const { tell, run, of } = setting();
    await tell(push);
    await run(14, logs([logRecordOf(push)]));
    expect(await of(push)).toBeUndefined();
    await run(74, logs([logRecordOf(push)]));
    expect(await of(push)).toBeDefined();
  });

  it('finds the untag that a comparison found an hour later, by its window', async () => {
    const { tell, run, of } = setting();
    await tell(push);
    const found = { action: 'untag', tag: 'prod', digest: one, source: 'reconcile' } as const;
    const untag = fact('untag', 67, { ...found, notBefore: epoch + 7 * minute });
    const logged = logs([logRecordOf(push), logRecordOf(untag, {}, -50 * minute)]);
    await run(37, logged);
    await tell(untag);
    await run(97, logged);
    expect(await of(untag)).toMatchObject({
      identity: 'ci@contoso.com',
      at: untag.at.time - 50 * minute,
      certainty: 'certain',
    });
  });

  it.each([
    ['within a day', 23 * 60, 1],
    ['within a week, once a day', 6 * 24 * 60, 24],
  ])('comes to what is recorded late: %s', async (_, minutes, runs) => {
    const { tell, run, of } = setting();
    await tell(fact('earlier', -60, { digest: two }));
    for (let at = 0; at <= minutes; at += 60) await run(at, logs([]));
    await tell(push);
    for (let hour = 1; hour <= runs; hour += 1) await run(minutes + hour * 60, logs([logRecordOf(push)]));
    expect(await of(push)).toBeDefined();
  });

  it('fills in who it was from the logins, which are read only for that', async () => {
    const { tell, run, of } = setting();
    await tell(push);
    const { identity: _, ...nameless } = logRecordOf(push);
    const login = { at: push.at.time - minute, identity: 'ci@contoso.com', address: '203.0.113.7' };
    const logged = logs([nameless], [login]);
    await run(60, logged);
    expect(logged.loginsAsked).toHaveLength(1);
    expect(await of(push)).toMatchObject({ identity: 'ci@contoso.com', certainty: 'likely' });
    const whole = setting();
    await whole.tell(push);
    const complete = logs([logRecordOf(push)], [login]);
    await whole.run(60, complete);
    expect(complete.loginsAsked).toEqual([]);
  });

  it('adds nothing by running again, and asks no log where all is attributed', async () => {
    const { tables, tell, run } = setting();
    await tell(push, deletion);
    await run(60, logs([logRecordOf(push), logRecordOf(deletion)]));
    const before = contents(tables);
    const again = logs([logRecordOf(push, { identity: 'mallory' })]);
    await run(60, again);
    await run(120, again);
    expect(contents(tables)).toEqual(before);
    expect(again.changesAsked).toEqual([]);
  });

  it('goes through all of a time in which it did not run', async () => {
    const { tell, run, of, progress } = setting();
    await run(0, logs([]));
    const facts = Array.from({ length: 9 }, (_, index) =>
      fact(`push-${index}`, 60 + index * 8 * 60, { tag: `v${index}`, digest: one }),
    );
    await tell(...facts);
    const logged = logs(facts.map((one) => logRecordOf(one)));
    await run(10 * 24 * 60, logged);
    for (const one of facts) expect(await of(one)).toBeDefined();
    expect(await progress.last(contoso)).toBe(epoch + 10 * day - 15 * minute);
    // What lies far apart is not asked for with all that is between.
    expect(logged.changesAsked).toHaveLength(facts.length);
  });

  it('takes more records than are read at once', async () => {
    const { tell, run, of } = setting();
    const facts = Array.from({ length: 1_100 }, (_, index) =>
      fact(`push-${index}`, index / 60, { tag: `v${index}`, digest: one }),
    );
    await tell(...facts);
    await run(60, logs(facts.map((one) => logRecordOf(one))));
    for (const one of [facts[0], facts[999], facts[1_099]]) {
      if (one !== undefined) expect(await of(one)).toMatchObject({ certainty: 'certain' });
    }
  });
});

describe('when the logs of a registry cannot be read', () => {
  const failing = (retryable: boolean): RegistryLogs => {
    const fail = async function* () {
      yield* [];
      throw new AuditFault(retryable ? 'logs-429' : 'logs-403', 'not answered', { retryable });
    };
    return { changes: fail, logins: fail };
  };

  it.each([
    ['fails the run when it may be tried again', true],
    ['only says so when it may not', false],
  ])('%s, and goes on with the others', async (_, retryable) => {
    const { tell, run, of, errors, progress } = setting();
    await tell(push);
    const running = run(60, failing(retryable), [['fabrikam.azurecr.io', logs([])]]);
    if (retryable) await expect(running).rejects.toMatchObject({ code: 'logs-429' });
    else await running;
    expect(errors).toHaveLength(1);
    expect(await of(push)).toBeUndefined();
    expect(await progress.last(contoso)).toBeUndefined();
    expect(await progress.last('fabrikam.azurecr.io')).toBeDefined();
    await run(61, logs([logRecordOf(push)]));
    expect(await of(push)).toBeDefined();
  });
});
