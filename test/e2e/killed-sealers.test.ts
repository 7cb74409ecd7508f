import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { ledgerBlobs } from '../../src/storage/ledger-blobs.ts';
import { localSigner } from '../../src/storage/local-signer.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { clientsByConnectionString, tablesOf } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { fact, recordOf } from '../builders/facts.ts';
import { digestOf } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { markedRecords, nameOf, provenLog } from '../builders/sealed-log.ts';

const registry = 'contoso.azurecr.io';
const seed = Number(process.env['KILL_SEED'] ?? 20_260_502);
const rounds = 10;
const each = 130;

let azurite: Azurite;
let folder: string;
beforeAll(async () => {
  [azurite, folder] = await Promise.all([startAzurite(), mkdtemp(join(tmpdir(), 'acr-audit-sealers-'))]);
});
afterAll(async () => {
  await azurite?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a sealer; how it ended: a signal's name, or its exit code. */
async function sealer(killedAt: number, when: string, runs: number): Promise<string | number> {
  const args = ['test/e2e/sealer-process.ts', registry, join(folder, 'key.pem'), killedAt, when, runs].map(
    String,
  );
  const child = spawn(process.execPath, ['--no-warnings', ...args], {
    env: { PATH: process.env['PATH'], AuditStorage: azurite.connectionString },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = await once(child, 'exit');
  return signal ?? code;
}

describe(`when two sealers run at once and one is killed at a point that ${seed} decides, ten times`, () => {
  it('no record is lost or sealed twice, and the log verifies', async () => {
    const chance = chanceOf(seed);
    const tables = tablesOf(clientsByConnectionString(azurite.connectionString));
    const announce = outbox(tables.log);
    const ended: (string | number)[] = [];
    let count = 0;
    for (let round = 0; round < rounds; round += 1) {
      const records = Array.from({ length: each }, (_, place) => {
        const name = nameOf(count + place);
        return recordOf(fact(name, count + place, { digest: digestOf(name), tag: `v${count + place}` }));
      });
      count += each;
      await announce.announceAll(records);
      const point = 1 + chance(21);
      const when = chance(1) === 0 ? 'before' : 'after';
      const [killed, other] = await Promise.all([sealer(point, when, 50), sealer(0, when, 3)]);
      ended.push(killed);
      expect(other).toBe(0);
    }
    expect(ended).toEqual(Array.from({ length: rounds }, () => 'SIGKILL'));
    expect(await sealer(0, 'before', 1)).toBe(0);

    const keys = await localSigner(join(folder, 'key.pem')).keys(`acr-audit/${registry}`);
    const blobs = ledgerBlobs(blobServiceByConnectionString(azurite.connectionString));
    const { entries } = await provenLog({ log: tables.log, blobs }, registry, keys);
    const records = entries.filter((entry) => JSON.parse(entry).kind !== 'sealed-batch');
    expect(records).toHaveLength(count);
    expect(new Set(records).size).toBe(count);
    const { places, waiting } = await markedRecords(tables.log, registry);
    expect(waiting).toEqual([]);
    expect(places.size).toBe(count);
    for (const [index, leaf] of places) expect(entries[index]).toBe(leaf);
  }, 120_000);
});
