import { subscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { ContainerRegistryClient, KnownContainerRegistryAudience } from '@azure/container-registry';
import * as z from 'zod/mini';
import { registryContent } from '../src/acr/registry-content.ts';
import { tokenCredential } from '../src/acr/token-credential.ts';
import { reconcileRepository } from '../src/audit/reconcile-repository.ts';
import { recordFact } from '../src/audit/record-fact.ts';
import { historyReader, historyWriter } from '../src/storage/history-store.ts';
import { knownContent } from '../src/storage/known-content.ts';
import { outbox } from '../src/storage/outbox.ts';
import type { Table } from '../src/storage/row.ts';
import { seededRegistry } from './seeded-registry.ts';
import { benchStorage, benchTables } from './setting.ts';

// Compares a repository of so many manifests with a history that knows nothing of it, and then again, over the stand-in
// and Azurite, each a process of its own: what is measured of memory is the comparison's alone. Prints one line of JSON.

const manifests = Number(process.argv[2]);
if (!Number.isSafeInteger(manifests) || manifests < 10) {
  process.stderr.write('usage: node bench/reconcile-run.ts MANIFESTS (10 or more)\n');
  process.exit(2);
}
const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

/** A request that Node's client began: https://nodejs.org/api/diagnostics_channel.html#http. */
const requestStart = z.object({
  request: z.object({ path: z.string(), host: z.string(), protocol: z.string() }),
});

let rows = 0;
let calls = { lists: 0, documents: 0, others: 0 };
subscribe('http.client.request.start', (message) => {
  const { request } = requestStart.parse(message);
  if (request.protocol !== 'https:') return;
  if (/\/_(?:tags|manifests)(?:\?|$)/.test(request.path)) calls.lists += 1;
  else if (request.path.startsWith('/v2/')) calls.documents += 1;
  else calls.others += 1;
});

/** The table, counting the rows that are written. */
function counted(table: Table): Table {
  return {
    ...table,
    insert(row) {
      rows += 1;
      return table.insert(row);
    },
    put(row) {
      rows += 1;
      return table.put(row);
    },
    transact(operations) {
      rows += operations.length;
      return table.transact(operations);
    },
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const registry = await seededRegistry(repository.repository, manifests);
const storage = await benchStorage();
try {
  const tables = await benchTables(storage);
  const [repositories, digests, log] = [tables.repositories, tables.digests, tables.log].map(counted);
  if (repositories === undefined || digests === undefined || log === undefined) throw new Error('no table');
  const stores = {
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
  };
  const ca = await readFile(registry.caFile, 'utf8');
  const credential = tokenCredential('bench');
  const compare = reconcileRepository({
    ...stores,
    content: registryContent({ endpoint: registry.url, ca, credential }),
    known: knownContent(repositories),
    record: recordFact(stores),
    clock: { now: Date.now },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });

  async function measured(source: 'backfill' | 'reconcile') {
    [rows, calls] = [0, { lists: 0, documents: 0, others: 0 }];
    const started = performance.now();
    const cpu = process.cpuUsage();
    const found = await compare({ ...repository, source });
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    return { ...found, rows, calls: { ...calls }, seconds, cpuSeconds: (user + system) / 1e6 };
  }

  /** Both lists by the SDK, read to their ends and dropped. */
  async function bareLists(trusted: string) {
    const client = new ContainerRegistryClient(registry.url, credential, {
      audience: KnownContainerRegistryAudience.AzureResourceManagerPublicCloud,
      tlsOptions: { ca: trusted },
    });
    const of = client.getRepository(repository.repository);
    const started = performance.now();
    const cpu = process.cpuUsage();
    let items = 0;
    for (const list of [
      of.listManifestProperties(),
      client.getArtifact(repository.repository, '1.0.0').listTagProperties(),
    ]) {
      for await (const page of list.byPage({ maxPageSize: 1_000 })) items += page.length;
    }
    const { user, system } = process.cpuUsage(cpu);
    return { items, seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
  }

  const first = await measured('backfill');
  const second = await measured('reconcile');
  const peakMiB = process.resourceUsage().maxRSS / 1_024;
  const lists = await bareLists(ca);
  const { indexes } = registry;
  process.stdout.write(`${JSON.stringify({ manifests, indexes, peakMiB, first, second, lists })}\n`);
} finally {
  await storage.stop();
  await registry.stop();
}
