import type { RowRange, Table } from '../src/storage/row.ts';
import type { Tables } from '../src/storage/tables.ts';
import { usedRegistry } from '../test/builders/in-use-app.ts';
import type { MemoryTable } from '../test/builders/memory-table.ts';
import { digestOf } from '../test/builders/registry-event.ts';
import { retentionApp } from '../test/builders/retention-app.ts';
import { atMost, type Figure, median, quantile } from './figure.ts';
import { type BenchStorage, benchStorage, benchTables } from './setting.ts';

const repositories = 4;
const imagesEach = 250;
const rounds = 40;
const names = Array.from({ length: repositories }, (_, number) => `team/app-${number}`);
const stored = ['repositories', 'digests', 'log', 'inventory', 'findings', 'workloads'] as const;

/** A query as it was made. */
interface Asked extends RowRange {
  readonly table: (typeof stored)[number];
}

/**
 * Whether 1,000 images of four repositories may go, asked again and again over Azurite: the queries of each repository, the
 * time, and that of the same queries by the SDK, in turns.
 */
export async function retentionCheck(): Promise<readonly Figure[]> {
  const { tables: filled, images, time } = await surveyed();
  const storage = await benchStorage();
  try {
    const tables = await benchTables(storage);
    for (const name of stored) await copied(filled[name], tables[name]);
    let asked: Asked[] = [];
    const app = retentionApp({
      start: time,
      tables: Object.fromEntries(
        stored.map((name) => [name, listening(name, tables, (one) => asked.push(one))]),
      ),
    });
    const ours: number[] = [];
    const bare: number[] = [];
    let pages = 0;
    for (let round = 0; round < rounds; round += 1) {
      asked = [];
      const started = performance.now();
      const { items } = await app.check(...images);
      ours.push(performance.now() - started);
      if (items.length !== images.length) throw new Error(`${items.length} answers`);
      pages = asked.length;
      const bareStarted = performance.now();
      await Promise.all(distinct(asked).map((one) => bySdk(storage, one)));
      bare.push(performance.now() - bareStarted);
    }
    const ofRepository = names.map((name) => {
      const partition = `${usedRegistry}|${name.replaceAll('/', ':')}`;
      return distinct(asked).filter(({ partitionKey }) => partitionKey === partition).length;
    });
    return [
      atMost('queries of a repository, for 1,000 images of 4', Math.max(...ofRepository), 'queries', 2),
      { name: '  pages of 1,000 rows, of all that is asked', value: pages, unit: 'pages' },
      atMost('time of a check, p95', quantile(ours, 0.95), 'ms', 1_000),
      { name: '  median', value: median(ours), unit: 'ms' },
      { name: '  median beside the same queries by the SDK', value: median(ours) / median(bare), unit: '×' },
    ];
  } finally {
    await storage.stop();
  }
}

/** A registry that was compared, whose images nobody uses. */
async function surveyed() {
  const app = retentionApp();
  const images: string[] = [];
  for (const name of names) {
    for (let number = 0; number < imagesEach; number += 1) {
      const digest = digestOf(`${name} ${number}`);
      await app.push(name, `1.${number}`, digest);
      images.push(`${usedRegistry}/${name}:1.${number}@${digest}`);
    }
    await app.compare(name);
  }
  await app.idle();
  return { tables: app.tables, images, time: app.clock.time };
}

async function copied(from: MemoryTable, to: Table): Promise<void> {
  for (const rows of Map.groupBy(from.rows(), ({ partitionKey }) => partitionKey).values()) {
    for (let start = 0; start < rows.length; start += 100) {
      await to.transact(rows.slice(start, start + 100).map((row) => ({ operation: 'insert', row })));
    }
  }
}

function listening(table: (typeof stored)[number], tables: Tables, hear: (asked: Asked) => void): Table {
  return {
    ...tables[table],
    page(range, ...rest) {
      hear({ ...range, table });
      return tables[table].page(range, ...rest);
    },
  };
}

/** Queries without the pages that follow their first ones. */
function distinct(asked: readonly Asked[]): readonly Asked[] {
  return [...new Map(asked.map((one) => [JSON.stringify(one), one])).values()];
}

async function bySdk(
  storage: BenchStorage,
  { table, partitionKey, from, before, select }: Asked,
): Promise<void> {
  const filter = `PartitionKey eq '${partitionKey}' and RowKey ge '${from}' and RowKey lt '${before}'`;
  const queryOptions = { filter, ...(select === undefined ? {} : { select: [...select] }) };
  for await (const _ of storage.client(table).listEntities({ queryOptions }).byPage({ maxPageSize: 1_000 }));
}
