import type { Witness } from '../../src/audit/ledger-ports.ts';
import { sealLedger } from '../../src/audit/seal-ledger.ts';
import { sealLedgers } from '../../src/audit/seal-ledgers.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { outbox } from '../../src/storage/outbox.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { epoch, fact, recordOf } from '../builders/facts.ts';
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
