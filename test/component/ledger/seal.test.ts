import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Witness } from '../../../src/audit/ledger-ports.ts';
import { sealLedger } from '../../../src/audit/seal-ledger.ts';
import type { AuditRecord } from '../../../src/history/fact.ts';
import { planPush } from '../../../src/history/push-plan.ts';
import type { Statement } from '../../../src/history/statement.ts';
import { planStatement } from '../../../src/history/statement-plan.ts';
import { comparisons } from '../../../src/storage/comparisons.ts';
import { historyWriter } from '../../../src/storage/history-store.ts';
import { logPartition } from '../../../src/storage/keys.ts';
import { ledgerLog } from '../../../src/storage/ledger-log.ts';
import { outbox } from '../../../src/storage/outbox.ts';
import type { Table } from '../../../src/storage/row.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { memoryLedgerBlobs } from '../../builders/memory-log.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { chanceOf, type Faults, restlessTable } from '../../builders/restless-table.ts';
import { markedRecords, nameOf, provenLog } from '../../builders/sealed-log.ts';

const registry = 'contoso.azurecr.io';
const origin = `acr-audit/${registry}`;

function push(number: number) {
  const named = fact(nameOf(number), number, { digest: digestOf(String(number)), tag: `v${number}` });
  return recordOf({ ...named, recordedAt: epoch + number });
}

function statement(number: number, content = {}): Statement {
  return {
    registry,
    repository: 'team/app',
    at: { time: epoch + number, id: nameOf(number) },
    recordedAt: epoch + number,
    kind: 'approved',
    content: { number, ...content },
  };
}

/** Tables, files and a sealer over them; `sealer` makes others over the same, with a clock of its own. */
function ledger({ witnesses = [] as readonly Witness[], now = epoch + 10_000 } = {}) {
  const [log, repositories, digests] = [memoryTable(), memoryTable(), memoryTable()];
  const blobs = memoryLedgerBlobs();
  const signer = noteSigner();
  const clock = { time: now, now: () => clock.time };
  const errors: string[] = [];
  const sealer = (over: Table = log, files = blobs.put) =>
    sealLedger({
      ledger: ledgerLog(over, repositories),
      blobs: { ...blobs, put: files },
      signer,
      witnesses,
      clock,
      log: { info() {}, warn() {}, error: (message) => errors.push(message) },
    });
  return {
    log,
    blobs,
    clock,
    errors,
    signer,
    sealer,
    seal: sealer(),
    announce: outbox(log),
    tell: ({ fact: told, ...repository }: AuditRecord) =>
      historyWriter(repositories, digests).commit(
        repository,
        planPush(told, { isPartlyTold: false }).changes,
      ),
    commit: (one: Statement) => historyWriter(repositories, digests).commit(one, planStatement(one)),
    compared: comparisons(repositories, log),
    proven: () => provenLog({ log, blobs }, registry, [signer.keyOf(origin)]),
    marked: () => markedRecords(log, registry),
  };
}

/** Ids of the records in entries, without what batches say of themselves. */
function idsIn(entries: readonly string[]): readonly string[] {
  return entries
    .map((entry) => JSON.parse(entry))
    .flatMap(({ kind, recordId }) => (kind === 'sealed-batch' ? [] : [recordId]));
}

describe('sealing', () => {
  it('makes an entry of each announced record, in the order in which they were recorded', async () => {
    const app = ledger();
    for (const number of [3, 1, 2]) await app.announce.announce(push(number));
    expect(await app.seal(registry)).toEqual({ records: 3, size: 4 });
    const { entries } = await app.proven();
    expect(idsIn(entries)).toEqual([1, 2, 3].map((number) => push(number).fact.at.id));
    const { places, waiting } = await app.marked();
    expect(waiting).toEqual([]);
    expect([...places]).toEqual(expect.arrayContaining(entries.slice(0, 3).map((entry, at) => [at, entry])));
  });

  it('writes nothing when nothing waits, after two readings', async () => {
    const app = ledger();
    await app.announce.announce(push(1));
    await app.seal(registry);
    const calls: string[] = [];
    const counted = new Proxy(app.log, {
      get(table, name: keyof typeof app.log) {
        const call = table[name];
        return (...args: readonly never[]) => {
          calls.push(String(name));
          return Reflect.apply(call, table, args);
        };
      },
    });
    const seal = app.sealer(counted);
    await seal(registry);
    calls.length = 0;
    expect(await seal(registry)).toEqual({ records: 0, size: 2 });
    expect(calls).toEqual(['get', 'page']);
  });

  it('does not seal again what is announced again, however late', async () => {
    const app = ledger();
    await app.announce.announce(push(1));
    await app.seal(registry);
    expect(
      await app.announce.announce({ ...push(1), fact: { ...push(1).fact, recordedAt: epoch + 99 } }),
    ).toBe('known');
    expect(await app.seal(registry)).toEqual({ records: 0, size: 2 });
  });

  it('grows over many batches of a thousand', async () => {
    const app = ledger();
    await app.announce.announceAll(Array.from({ length: 2_345 }, (_, number) => push(number)));
    expect(await app.seal(registry)).toEqual({ records: 2_345, size: 2_348 });
    const { entries } = await app.proven();
    expect(new Set(idsIn(entries)).size).toBe(2_345);
    expect((await app.marked()).places.size).toBe(2_345);
  });

  it('waits for a statement to be recorded, and forgets it after an hour', async () => {
    const app = ledger();
    const [recorded, lost] = [statement(1), statement(2)];
    await app.announce.announceStatements([recorded, lost]);
    expect(await app.seal(registry)).toEqual({ records: 0, size: 0 });
    await app.commit(recorded);
    expect(await app.seal(registry)).toEqual({ records: 1, size: 2 });
    expect((await app.marked()).waiting).toHaveLength(1);
    app.clock.time += 3_600_000;
    await app.seal(registry);
    expect((await app.marked()).waiting).toEqual([]);
    expect(await app.announce.announcedStatement(lost, lost.at)).toBeUndefined();
    // Whoever tries again begins anew.
    expect(await app.announce.announceStatements([lost])).toBe('new');
    await app.commit(lost);
    expect((await app.seal(registry)).records).toBe(1);
    expect(idsIn((await app.proven()).entries)).toEqual([recorded.at.id, lost.at.id]);
  });

  it('asks many repositories at once which of their records are there', async () => {
    const [log, repositories, digests] = [memoryTable(), memoryTable(), memoryTable()];
    const some = Array.from({ length: 40 }, (_, number) => ({
      ...statement(number),
      repository: `team/app-${number}`,
    }));
    await outbox(log).announceStatements(some);
    for (const one of some) await historyWriter(repositories, digests).commit(one, planStatement(one));
    let [asked, most] = [0, 0];
    const watched: Table = {
      ...repositories,
      async page(...of) {
        asked += 1;
        most = Math.max(most, asked);
        await new Promise((resume) => setImmediate(resume));
        asked -= 1;
        return repositories.page(...of);
      },
    };
    const { ready } = await ledgerLog(log, watched).pending(registry, 1_000, epoch + 10_000);
    expect(ready).toHaveLength(40);
    expect(most).toBeGreaterThan(8);
  });

  it('waits for what a comparison found to be recorded, and forgets what it came no further with', async () => {
    const app = ledger();
    const found = (number: number, source: 'reconcile' | 'backfill') => {
      const { fact: told, ...repository } = push(number);
      return { ...repository, fact: { ...told, source } };
    };
    const [recorded, lost] = [found(1, 'reconcile'), found(2, 'backfill')];
    await app.announce.announceAll([recorded, lost]);
    expect(await app.seal(registry)).toEqual({ records: 0, size: 0 });
    await app.tell(recorded);
    expect((await app.seal(registry)).records).toBe(1);
    app.clock.time += 3_600_000;
    await app.seal(registry);
    expect((await app.marked()).waiting).toEqual([]);
    expect(await app.announce.announced(lost, lost.fact.at)).toBeUndefined();
    expect(idsIn((await app.proven()).entries)).toEqual([recorded.fact.at.id]);
  });

  it('ends each batch with what is newly known to be complete, and states that each hour by itself', async () => {
    const app = ledger();
    const id = { registry, repository: 'team/app' };
    await app.compared.note(id, epoch + 500);
    await app.announce.announce(push(1));
    await app.seal(registry);
    app.clock.time += 60_000;
    await app.compared.note(id, epoch + 60_000);
    await app.compared.note({ registry, repository: 'team/web' }, epoch + 61_000);
    expect((await app.seal(registry)).size).toBe(2);
    app.clock.time += 3_600_000;
    expect((await app.seal(registry)).size).toBe(3);
    app.clock.time += 3_600_000;
    expect((await app.seal(registry)).size).toBe(3);
    const { entries } = await app.proven();
    const horizons = entries.map((entry) => JSON.parse(entry).horizons);
    expect(horizons).toEqual([
      undefined,
      { 'team/app': new Date(epoch + 500).toISOString() },
      {
        'team/app': new Date(epoch + 60_000).toISOString(),
        'team/web': new Date(epoch + 61_000).toISOString(),
      },
    ]);
  });

  it('gives each checkpoint to the witnesses, and again to one that did not take it', async () => {
    const taken: number[] = [];
    let isDown = true;
    const witness: Witness = {
      name: 'container',
      async publish(_, size, note) {
        if (isDown) throw new Error('is down');
        expect(note).toContain(`${origin}\n${size}\n`);
        taken.push(size);
      },
    };
    const app = ledger({ witnesses: [witness] });
    await app.announce.announce(push(1));
    await app.seal(registry);
    expect(app.errors).toHaveLength(1);
    isDown = false;
    await app.seal(registry);
    await app.seal(registry);
    expect(taken).toEqual([2]);
  });
});

describe('a ledger that is not what was signed', () => {
  async function sealed() {
    const app = ledger();
    await app.announce.announceAll(Array.from({ length: 300 }, (_, number) => push(number)));
    await app.seal(registry);
    await app.announce.announce(push(300));
    return app;
  }
  const broken = { code: 'ledger-broken', retryable: false };

  it('is not built upon when a tile at its edge is another', async () => {
    const app = await sealed();
    const bytes = app.blobs.files.get(`${registry}/tile/0/001.p/45`);
    bytes?.set([1, 2, 3]);
    await expect(app.seal(registry)).rejects.toMatchObject(broken);
  });

  it('is not built upon when its head was set back', async () => {
    const app = ledger();
    await app.announce.announce(push(1));
    await app.seal(registry);
    const old = await app.log.get(logPartition(registry), 'head');
    await app.announce.announce(push(2));
    await app.seal(registry);
    await app.log.put({ partitionKey: logPartition(registry), rowKey: 'head', columns: old?.columns ?? {} });
    await app.announce.announce(push(3));
    await expect(app.sealer()(registry)).rejects.toMatchObject({ code: 'seal-overtaken' });
  });

  it('is not built upon when its head has no signature of its key', async () => {
    const app = await sealed();
    const stranger = noteSigner();
    const head = await app.log.get(logPartition(registry), 'head');
    const text = String(head?.columns['checkpoint']).split('\n\n')[0];
    const [{ name, keyId, signature } = { name: '', keyId: Buffer.of(), signature: Buffer.of() }] =
      await stranger.sign(origin, `${text}\n`);
    const line = `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
    await app.log.put({
      partitionKey: logPartition(registry),
      rowKey: 'head',
      columns: { ...head?.columns, checkpoint: `${text}\n\n${line}` },
    });
    await expect(app.seal(registry)).rejects.toMatchObject(broken);
  });
});

describe('when sealers run at once, storage refuses, answers are lost, and sealers die anywhere', () => {
  const faults: Faults = { refused: 3, lost: 3, retried: 3, short: 10 };

  it('every record is sealed once, and the log verifies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 700 }), async (seed, count) => {
        const app = ledger();
        const chance = chanceOf(seed);
        const restless = restlessTable(app.log, chance, faults);
        const put = async (...[of, path, bytes]: Parameters<typeof app.blobs.put>) => {
          if (chance(99) < 3) throw new Error('died before');
          const outcome = await app.blobs.put(of, path, bytes);
          if (chance(99) < 3) throw new Error('died after');
          return outcome;
        };
        const announced = Array.from({ length: count }, (_, number) => push(number));
        const announcing = async () => {
          for (let at = 0; at < count; at += 40) {
            await app.announce.announceAll(announced.slice(at, at + 40));
            for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
          }
        };
        const sealing = async () => {
          // Each run is a sealer of its own: one that died remembers nothing.
          for (let run = 0; run < 12; run += 1) {
            await app
              .sealer(
                restless,
                put,
              )(registry)
              .catch(() => undefined);
          }
        };
        await Promise.all([announcing(), sealing(), sealing(), sealing()]);
        await app.seal(registry);

        const { entries } = await app.proven();
        const ids = idsIn(entries);
        expect(ids).toHaveLength(count);
        expect(new Set(ids)).toEqual(new Set(announced.map((record) => record.fact.at.id)));
        const { places, waiting } = await app.marked();
        expect(waiting).toEqual([]);
        expect(places.size).toBe(count);
        for (const [index, leaf] of places) expect(entries[index]).toBe(leaf);
      }),
      { numRuns: Number(process.env['SEAL_RUNS'] ?? 40) },
    );
  });
});
