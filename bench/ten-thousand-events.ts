import { parseArgs } from 'node:util';
import { historyPages } from '../src/storage/history-pages.ts';
import { rowsOf, type Table } from '../src/storage/row.ts';
import type { Tables } from '../src/storage/tables.ts';
import { deliveriesOf, randomFrom, syntheticEvents } from '../test/builders/synthetic-events.ts';
import { benchStorage, benchTables, handlerOver } from './setting.ts';

// Delivers synthetic events shuffled, each one to five times, from eight senders at once, over Azurite; and once each,
// in order, over another. Both have to end in the same rows, and the history in exactly one entry an event.

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000' },
    repositories: { type: 'string', default: '50' },
    senders: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
const [count, repositories, senders] = [values.events, values.repositories, values.senders].map(Number);
if (!count || !repositories || !senders) {
  process.stderr.write('--events, --repositories and --senders are whole numbers from 1\n');
  process.exit(2);
}

async function run(deliveries: readonly unknown[], concurrency: number) {
  const storage = await benchStorage();
  try {
    const tables = await benchTables(storage);
    const handle = handlerOver(tables);
    const waiting = deliveries.values();
    const started = performance.now();
    const sender = async () => {
      for (const event of waiting) await handle(event);
    };
    await Promise.all(Array.from({ length: concurrency }, sender));
    const seconds = (performance.now() - started) / 1000;
    return { seconds, rows: await rowsByKey(tables), entries: await entriesOf(tables) };
  } finally {
    await storage.stop();
  }
}

/** Every row of history by its keys, without ETags and the time it was recorded at. */
async function rowsByKey(tables: Tables): Promise<ReadonlyMap<string, string>> {
  const rows = new Map<string, string>();
  const partitions = Array.from(
    { length: repositories ?? 0 },
    (_, index) => `contoso.azurecr.io|team-${index}:app`,
  );
  const add = async (name: string, table: Table, partitionKey: string) => {
    for await (const row of rowsOf(table, { partitionKey, from: '', before: '~' })) {
      const { recordedAt: _, leaf, ...columns } = row.columns;
      const content = { ...columns, leaf: String(leaf ?? '').replace(/"recordedAt":"[^"]*"/, '') };
      rows.set(`${name} ${partitionKey} ${row.rowKey}`, JSON.stringify(Object.entries(content).sort()));
    }
  };
  for (const partition of partitions) await add('repositories', tables.repositories, partition);
  await add('log', tables.log, 'contoso.azurecr.io|pending');
  return rows;
}

/** Entries of the registry's whole history, counted page by page. */
async function entriesOf({ repositories: table, log }: Tables): Promise<number> {
  const pages = historyPages(table, log);
  let entries = 0;
  let after: string | undefined;
  do {
    const span = { scope: { registry: 'contoso.azurecr.io' }, ...(after === undefined ? {} : { after }) };
    const page = await pages.page(span, 1000);
    entries += page.entries.length;
    after = page.next;
  } while (after !== undefined);
  return entries;
}

const random = randomFrom(values.seed);
const events = syntheticEvents(count, repositories, random);
const deliveries = deliveriesOf(events, random);
process.stdout.write(`seed ${values.seed}: ${count} events over ${repositories} repositories\n`);

const inOrder = await run(
  events.toSorted((a, b) => (a.data.timestamp < b.data.timestamp ? -1 : 1)),
  1,
);
process.stdout.write(`in order, once each: ${inOrder.rows.size} rows, ${inOrder.seconds.toFixed(1)} s\n`);
const anyOrder = await run(deliveries, senders);
process.stdout.write(
  `shuffled, ${deliveries.length} deliveries, ${senders} senders: ${anyOrder.rows.size} rows, ${anyOrder.seconds.toFixed(1)} s\n`,
);

const different = [...new Set([...inOrder.rows.keys(), ...anyOrder.rows.keys()])].filter(
  (key) => inOrder.rows.get(key) !== anyOrder.rows.get(key),
);
process.stdout.write(`rows that differ: ${different.length}\n`);
for (const key of different.slice(0, 5)) {
  process.stdout.write(`${key}\n  ${inOrder.rows.get(key)}\n  ${anyOrder.rows.get(key)}\n`);
}
process.stdout.write(`history entries: ${anyOrder.entries}, expected ${count}\n`);
process.exitCode = different.length === 0 && anyOrder.entries === count && inOrder.entries === count ? 0 : 1;
