import { handOverKeys } from '../../src/audit/hand-over-keys.ts';
import type { Signer, Witness } from '../../src/audit/ledger-ports.ts';
import { sealLedger } from '../../src/audit/seal-ledger.ts';
import { sealLedgers } from '../../src/audit/seal-ledgers.ts';
import { followKeys, handoverIn } from '../../src/ledger/key-handover.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import { historyWriter } from '../../src/storage/history-store.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { outbox } from '../../src/storage/outbox.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { epoch, fact, recordOf } from '../builders/facts.ts';
import { recorderOver } from '../builders/history-stores.ts';
import { memoryLeases } from '../builders/memory-leases.ts';
import { memoryLedgerBlobs } from '../builders/memory-log.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { noteSigner } from '../builders/note-signer.ts';
import { digestOf } from '../builders/registry-event.ts';
import { markedRecords, provenLog } from '../builders/sealed-log.ts';
import type { UseCase } from './disturbed-runs.ts';

const registry = 'contoso.azurecr.io';
const silent = { info() {}, warn() {}, error() {} };

async function sealing(sites: CallSites) {
  const [log, repositories] = [memoryTable(), memoryTable()];
  const blobs = memoryLedgerBlobs();
  const signer = noteSigner();
  const witnessed = new Map<number, string>();
  const witness: Witness = {
    name: 'witness',
    async publish(_, size, note) {
      if ((witnessed.get(size) ?? note) !== note) throw new Error('a split view');
      witnessed.set(size, note);
    },
  };
  const clock = { time: epoch + 10_000, now: () => clock.time };
  const seal = sealLedgers({
    registries: async () => [registry],
    seal: sealLedger({
      ledger: ledgerLog(sites.table(log, 'log'), sites.table(repositories, 'repositories')),
      blobs: sites.port(
        { put: blobs.put, get: blobs.get, checkpoints: blobs.checkpoints },
        { dependency: 'blobs', name: 'ledger' },
      ),
      signer: sites.port({ sign: signer.sign, keys: signer.keys }, { dependency: 'key', name: 'signer' }),
      witnesses: [sites.port(witness, { dependency: 'witness', name: 'witness' })],
      clock,
      log: silent,
    }),
    leases: sites.port(memoryLeases(), { dependency: 'blobs', name: 'leases', once: ['hold'] }),
    log: silent,
  });
  let told = 0;
  const announce = async (records: number) => {
    for (let number = 0; number < records; number += 1) {
      told += 1;
      const push = fact(`event-${told}`, told, { digest: digestOf(String(told)), tag: `v${told}` });
      await outbox(log).announce(recordOf(push));
    }
  };
  await announce(3);
  await seal();
  await announce(4);
  return {
    seal,
    /** Every record once, proven by what is signed; nothing waits. */
    async state() {
      const { entries } = await provenLog({ log, blobs }, registry, [signer.keyOf(`acr-audit/${registry}`)]);
      const ids = entries
        .map((entry) => JSON.parse(entry))
        .flatMap(({ kind, recordId }) => (kind === 'sealed-batch' ? [] : [recordId]));
      const { places, waiting } = await markedRecords(log, registry);
      return { ids: ids.sort(), places: places.size, waiting };
    },
  };
}

/** A log that is signed by one key, and is to be signed by another. */
async function handingOver(sites: CallSites) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const blobs = memoryLedgerBlobs();
  const [before, after] = [noteSigner(), noteSigner()];
  const clock = { time: epoch + 10_000, now: () => clock.time };
  const origin = `acr-audit/${registry}`;
  const keys = [before, after].map(({ keyOf }) => keyOf(origin));
  const sealing = { blobs, witnesses: [], clock, log: silent };
  const seal = (signer: Signer) =>
    sealLedger({ ...sealing, ledger: ledgerLog(tables.log, tables.repositories), signer, formerKeys: keys })(
      registry,
    );
  await recorderOver(tables)(recordOf(fact('push', 1, { digest: digestOf('one') })));
  await seal(before);
  const over = {
    repositories: sites.table(tables.repositories, 'repositories'),
    digests: sites.table(tables.digests, 'digests'),
    log: sites.table(tables.log, 'log'),
  };
  const signing = (signer: Signer, name: string) =>
    sites.port({ sign: signer.sign, keys: signer.keys }, { dependency: 'key', name });
  const handOver = handOverKeys({
    ledger: ledgerLog(over.log, over.repositories),
    outbox: outbox(over.log),
    writer: historyWriter(over.repositories, over.digests),
    before: signing(before, 'before'),
    after: signing(after, 'after'),
    clock,
  });
  return {
    handOver: () => handOver(registry),
    /** Whoever was given the first key alone follows the log to what the second has signed. */
    async state() {
      await seal(after);
      const { entries } = await provenLog({ log: tables.log, blobs }, registry, keys);
      const notes = entries.flatMap((entry, index) => {
        const statement = readStatement(entry);
        const note = statement && handoverIn(statement);
        return note === undefined ? [] : [{ index, note }];
      });
      const { refused } = followKeys(registry, [before.keyOf(origin)], notes);
      return { handovers: notes.length, refused };
    },
  };
}

type HandingOver = Awaited<ReturnType<typeof handingOver>>;

export const handoverCases: readonly UseCase<HandingOver>[] = [
  {
    name: 'keys handed over',
    prepare: handingOver,
    work: ({ handOver }) => handOver(),
    state: ({ state }) => state(),
  },
];

type Sealing = Awaited<ReturnType<typeof sealing>>;

export const ledgerCases: readonly UseCase<Sealing>[] = [
  {
    name: 'ledger sealed',
    prepare: sealing,
    work: ({ seal }) => seal(),
    // The timer comes each minute.
    after: ({ seal }) => seal(),
    state: ({ state }) => state(),
  },
];
