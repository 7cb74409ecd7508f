import { sealLedger } from '../../src/audit/seal-ledger.ts';
import { blobServiceByConnectionString } from '../../src/storage/blob-service.ts';
import { ledgerBlobs } from '../../src/storage/ledger-blobs.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { localSigner } from '../../src/storage/local-signer.ts';
import { clientsByConnectionString, tablesOf } from '../../src/storage/tables.ts';

/*
 * A sealer as a process of its own, which ends itself as `kill -9` would at its nth call of storage: before the call is
 * made, or after it is done and before its answer is heard. It seals again and again until then.
 */
const [registry = '', keyFile = '', killedAt = '0', when = 'before', runs = '1'] = process.argv.slice(2);
const connectionString = process.env['AuditStorage'] ?? '';
let calls = 0;

function mortal<T extends object>(port: T): T {
  return new Proxy(port, {
    get(target, name, receiver) {
      const call: unknown = Reflect.get(target, name, receiver);
      if (typeof call !== 'function') return call;
      return async (...args: readonly unknown[]) => {
        calls += 1;
        const isLast = calls === Number(killedAt);
        if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL');
        const answer: unknown = await Reflect.apply(call, target, args);
        if (isLast) process.kill(process.pid, 'SIGKILL');
        return answer;
      };
    },
  });
}

const tables = tablesOf(clientsByConnectionString(connectionString));
const seal = sealLedger({
  ledger: ledgerLog(mortal(tables.log), tables.repositories),
  blobs: mortal(ledgerBlobs(blobServiceByConnectionString(connectionString))),
  signer: localSigner(keyFile),
  witnesses: [],
  clock: { now: () => Date.now() },
  log: { info() {}, warn() {}, error: (message) => console.error(message) },
});
for (let run = 0; run < Number(runs); run += 1) {
  try {
    await seal(registry);
  } catch (error) {
    // Another sealer was faster, again and again: that is for the next run.
    if (!String(error).includes('were faster')) throw error;
  }
}
