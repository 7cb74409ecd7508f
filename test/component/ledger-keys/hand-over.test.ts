import { describe, expect, it } from '@jest/globals';
import { handOverKeys } from '../../../src/audit/hand-over-keys.ts';
import type { Signer } from '../../../src/audit/ledger-ports.ts';
import { sealLedger } from '../../../src/audit/seal-ledger.ts';
import { followKeys, handoverIn, keysAt } from '../../../src/ledger/key-handover.ts';
import { readStatement } from '../../../src/ledger/recorded-leaf.ts';
import { verifyLedger } from '../../../src/ledger/verification.ts';
import { historyWriter } from '../../../src/storage/history-store.ts';
import { jointSigner } from '../../../src/storage/joint-signer.ts';
import { ledgerLog } from '../../../src/storage/ledger-log.ts';
import { outbox } from '../../../src/storage/outbox.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { memoryLedgerBlobs } from '../../builders/memory-log.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { provenLog } from '../../builders/sealed-log.ts';

const registry = 'contoso.azurecr.io';
const origin = `acr-audit/${registry}`;

/** A log in memory, sealed and handed over by hand. */
function setting() {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const blobs = memoryLedgerBlobs();
  const clock = { time: epoch + 10_000, now: () => clock.time };
  const ledger = ledgerLog(tables.log, tables.repositories);
  const ports = {
    ledger,
    outbox: outbox(tables.log),
    writer: historyWriter(tables.repositories, tables.digests),
    clock,
  };
  let count = 0;
  return {
    clock,
    head: () => ledger.head(registry),
    async push() {
      count += 1;
      await recorderOver(tables)(recordOf(fact(`push-${count}`, count, { digest: digestOf(String(count)) })));
    },
    handOver: (before: Signer | undefined, after: Signer) =>
      handOverKeys({ ...ports, ...(before && { before }), after })(registry),
    async seal(signer: Signer, former: readonly Signer[] = []) {
      clock.time += 3_600_000;
      const formerKeys = (await Promise.all(former.map((one) => one.keys(origin)))).flat();
      const log = { info() {}, warn() {}, error() {} };
      return sealLedger({ ledger, blobs, signer, formerKeys, witnesses: [], clock, log })(registry);
    },
    /** What somebody finds who was given a key at first: the log as proven by the keys learned from it. */
    async verified(first: ReturnType<typeof noteSigner>, ...all: readonly ReturnType<typeof noteSigner>[]) {
      const anyone = [first, ...all].map(({ keyOf }) => keyOf(origin));
      const { size, entries } = await provenLog({ ...tables, log: tables.log, blobs }, registry, anyone);
      const notes = entries.flatMap((entry, index) => {
        const statement = readStatement(entry);
        const note = statement && handoverIn(statement);
        return note === undefined ? [] : [{ index, note }];
      });
      const history = followKeys(registry, [first.keyOf(origin)], notes);
      await provenLog({ ...tables, log: tables.log, blobs }, registry, keysAt(history, size));
      const sizes = await blobs.checkpoints(registry);
      const read = (path: string) => blobs.get(registry, path);
      const verdictOf = (key: ReturnType<typeof noteSigner>) =>
        verifyLedger({ registry, read, sizes, keys: [key.keyOf(origin)] });
      expect(await verdictOf(first)).toMatchObject({
        ok: true,
        summary: { areSignaturesVerified: true, refusedHandovers: history.refused },
      });
      expect(await verdictOf(noteSigner())).toMatchObject({ ok: false, problem: { code: 'unknown-key' } });
      return { notes: notes.length, refused: history.refused, keys: keysAt(history, size) };
    },
  };
}

describe('when a log is signed by another key from now on', () => {
  it('whoever was given the first key learns the next ones from the log itself', async () => {
    const log = setting();
    const [one, two, three] = [noteSigner(), noteSigner('ecdsa-p256'), noteSigner()];
    await log.push();
    await log.seal(one);
    expect(await log.handOver(one, two)).toBe('handed-over');
    await log.push();
    await log.seal(two, [one]);
    expect(await log.handOver(two, three)).toBe('handed-over');
    await log.seal(three, [two]);
    const found = await log.verified(one, two, three);
    expect(found).toMatchObject({ notes: 2, refused: [] });
    expect(found.keys).toEqual([three.keyOf(origin)]);
  });

  it('it is told once, however often it is tried, and whatever the clock says', async () => {
    const log = setting();
    const [one, two] = [noteSigner(), noteSigner('ecdsa-p256')];
    await log.push();
    await log.seal(one);
    for (let time = 0; time < 3; time += 1) {
      log.clock.time += 60_000;
      await log.handOver(one, two);
    }
    await log.seal(two, [one]);
    expect(await log.handOver(one, two)).toBe('none');
    expect(await log.verified(one, two)).toMatchObject({ notes: 1, refused: [] });
  });

  it('and nothing was sealed yet, or the key is the same, there is nothing to hand over', async () => {
    const log = setting();
    const [one, two] = [noteSigner(), noteSigner()];
    expect(await log.handOver(one, two)).toBe('none');
    await log.push();
    await log.seal(one);
    expect(await log.handOver(two, one)).toBe('none');
  });

  it.each([
    ['a second key comes', ['a'], ['a', 'b'], []],
    ['one of two goes', ['a', 'b'], ['a'], []],
    ['one of two changes', ['a', 'b'], ['a', 'c'], []],
    ['one of two changes, and is still there', ['a', 'b'], ['a', 'c'], ['b']],
  ])('and %s, whoever was given any key that is here follows', async (_, old, next, kept) => {
    const log = setting();
    const keys = { a: noteSigner(), b: noteSigner('ecdsa-p256'), c: noteSigner('ecdsa-p256') };
    const named = (names: readonly string[]) =>
      Object.entries(keys).flatMap(([name, key]) => (names.includes(name) ? [key] : []));
    await log.push();
    await log.seal(jointSigner(named(old)));
    const before = kept.length > 0 ? jointSigner(named(kept)) : undefined;
    expect(await log.handOver(before, jointSigner(named(next)))).toBe('handed-over');
    await log.seal(jointSigner(named(next)), named(old));
    expect(await log.handOver(before, jointSigner(named(next)))).toBe('none');
    for (const first of named(['a', ...kept])) {
      const found = await log.verified(first, ...Object.values(keys));
      expect(found).toMatchObject({ notes: 1, refused: [] });
      expect(new Set(found.keys.map(({ keyId }) => String(keyId)))).toEqual(
        new Set(named(next).map((key) => String(key.keyOf(origin).keyId))),
      );
    }
  });

  it('and no key before is here, it is said that nobody can learn the new one', async () => {
    const log = setting();
    const [one, two] = [noteSigner(), noteSigner()];
    await log.push();
    await log.seal(one);
    expect(await log.handOver(undefined, two)).toBe('impossible');
  });

  it('and the key before is not the one that signed it, nothing is recorded', async () => {
    const log = setting();
    const [one, two, stranger] = [noteSigner(), noteSigner(), noteSigner()];
    await log.push();
    await log.seal(one);
    await expect(log.handOver(stranger, two)).rejects.toMatchObject({
      code: 'handover-unknown-key',
      retryable: false,
    });
  });
});
