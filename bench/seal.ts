import { generateKeyPairSync, randomInt, sign } from 'node:crypto';
import { entryOf } from '../src/audit/ledger-files.ts';
import type { LedgerBlobs } from '../src/audit/ledger-ports.ts';
import { sealLedger } from '../src/audit/seal-ledger.ts';
import { recordIdOf } from '../src/history/record-id.ts';
import { emptyEdge, grownLog } from '../src/ledger/log-growth.ts';
import { inclusionProof } from '../src/ledger/proof.ts';
import { ed25519Key } from '../src/ledger/signed-note.ts';
import { blobServiceByConnectionString } from '../src/storage/blob-service.ts';
import { ledgerBlobs } from '../src/storage/ledger-blobs.ts';
import { ledgerLog } from '../src/storage/ledger-log.ts';
import { outbox } from '../src/storage/outbox.ts';
import { digestOf } from '../test/builders/registry-event.ts';
import { atLeast, atMost, type Figure } from './figure.ts';
import { requestRecorder } from './recorder.ts';
import { benchStorage, benchTables } from './setting.ts';

const registry = 'contoso.azurecr.io';
const records = 20_000;
/** Records that wait when a sealer comes: a busy minute, and one of 64, where the cost of a batch tells. */
const minutes = [64, 1_000];
const sizes = [1_000, 100_000, 1_000_000];
const proofs = 200;
const start = Date.UTC(2026, 4, 2);

/**
 * Sealing over Azurite: our CPU, transactions and bytes of a record. And the files that a proof is read from, in logs of
 * growing sizes.
 */
export async function seal(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const each of minutes) figures.push(...(await sealing(each)));
  for (const size of sizes) figures.push(await proofReads(size));
  return figures;
}

async function sealing(each: number): Promise<readonly Figure[]> {
  const storage = await benchStorage();
  try {
    const recorder = requestRecorder();
    const tables = await benchTables(storage, recorder.policy);
    const announce = outbox(tables.log);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    let bytes = 0;
    let calls = 0;
    const files = ledgerBlobs(blobServiceByConnectionString(storage.connectionString));
    const blobs: LedgerBlobs = {
      put(of, path, content) {
        bytes += content.length;
        calls += 1;
        return files.put(of, path, content);
      },
      get(of, path) {
        calls += 1;
        return files.get(of, path);
      },
      checkpoints: files.checkpoints,
    };
    const sealNow = sealLedger({
      ledger: ledgerLog(tables.log, tables.repositories),
      blobs,
      signer: {
        async sign(origin, text) {
          const { name, keyId } = ed25519Key(origin, publicKey);
          return [{ name, keyId, signature: sign(null, Buffer.from(text), privateKey) }];
        },
        keys: async (origin) => [ed25519Key(origin, publicKey)],
      },
      witnesses: [],
      clock: { now: () => start },
      log: { info() {}, warn() {}, error() {} },
    });
    const total = each === 64 ? 40 * each : records;
    let [cpu, transactions, sealed] = [0, 0, 0];
    for (let at = 0; at < total; at += each) {
      await announce.announceAll(Array.from({ length: each }, (_, place) => recordOf(at + place)));
      recorder.take();
      const before = process.cpuUsage();
      sealed += (await sealNow(registry)).records;
      const { user, system } = process.cpuUsage(before);
      cpu += (user + system) / 1e6;
      transactions += recorder.take().transactions;
    }
    if (sealed !== total) throw new Error(`${sealed} of ${total} records were sealed`);
    const when = `${each} records a batch`;
    return [
      each < 1_000
        ? { name: `${when}: records sealed a second of our CPU`, value: sealed / cpu, unit: '/s' }
        : atLeast(`${when}: records sealed a second of our CPU`, sealed / cpu, '/s', 5_000),
      atMost(`${when}: transactions of a record`, transactions / sealed, '', 0.15),
      { name: `${when}: files written and read a record`, value: calls / sealed, unit: '' },
      { name: `${when}: bytes of files a record`, value: bytes / sealed, unit: 'B' },
    ];
  } finally {
    await storage.stop();
  }
}

function recordOf(number: number) {
  const name = `event-${number}`;
  return {
    registry,
    repository: `team/app-${number % 20}`,
    fact: {
      at: { time: start + number, id: recordIdOf(name) },
      action: 'push' as const,
      digest: digestOf(name),
      tag: `1.${number}`,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: 1_152,
      recordedAt: start + number,
      source: 'event' as const,
      eventId: name,
      requestId: name,
      client: { userAgent: 'docker/27.0.3 go/go1.22', address: '203.0.113.7', actor: 'builder' },
    },
  };
}

/** Files read for a proof and its record, of records anywhere in a log of a size. */
async function proofReads(size: number): Promise<Figure> {
  const files = new Map<string, Uint8Array>();
  let edge = emptyEdge;
  while (edge.size < size) {
    const count = Math.min(50_000, size - edge.size);
    const entries = Array.from({ length: count }, (_, place) => Buffer.from(`entry ${edge.size + place}`));
    const growth = grownLog(edge, entries);
    for (const { path, bytes } of growth.files) files.set(path, bytes);
    edge = growth.edge;
  }
  let most = 0;
  for (let count = 0; count < proofs; count += 1) {
    let reads = 0;
    const read = async (path: string) => {
      reads += 1;
      return files.get(path);
    };
    const index = randomInt(size);
    await Promise.all([
      inclusionProof(index, size, read),
      entryOf({ get: (_, path) => read(path) }, registry, index, size),
    ]);
    most = Math.max(most, reads - 1);
  }
  const goal = Math.ceil(Math.log(size) / Math.log(256)) + 2;
  return atMost(`${size.toLocaleString('en')} records: tiles read for a proof, at most`, most, '', goal);
}
