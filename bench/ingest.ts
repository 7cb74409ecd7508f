import type { TransactionAction } from '@azure/data-tables';
import type { Operation, Row, Table } from '../src/storage/row.ts';
import type { Tables } from '../src/storage/tables.ts';
import { memoryTable } from '../test/builders/memory-table.ts';
import { digestOf, imagePushed } from '../test/builders/registry-event.ts';
import { atLeast, atMost, type Figure, median, quantile } from './figure.ts';
import { type BenchStorage, benchStorage, benchTables, handlerOver } from './setting.ts';

const repositories = 8;
const rounds = 12;
const pushesPerRound = 40;

/** What one event asks of storage: two steps, each of calls that go together. */
interface Plan {
  readonly pending: Row;
  readonly reads: readonly { partitionKey: string; rowKey: string }[];
  readonly operations: readonly Operation[];
  readonly digest?: Row;
}

/**
 * The whole handler (reading the event, canonical JSON, writing) against the bare SDK making the same transactions with
 * rows prepared beforehand, in turns, on one Azurite. Eight senders, one a repository; half the pushes are of new digests.
 */
export async function ingest(): Promise<readonly Figure[]> {
  const storage = await benchStorage();
  try {
    const tables = await benchTables(storage);
    const handle = handlerOver(tables);
    const sdk = await bareSdk(storage);
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const events = eventsOf(round);
      const plans = await plansOf(events);
      const turns = [
        async () => ours.push(await measured(events, (event) => handle(event))),
        async () => bare.push(await measured(plans, (plan) => sdk(plan))),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    // The first round warms both up.
    const [a, b] = [ours.slice(1), bare.slice(1)];
    const ratios = (of: (round: Round) => number) =>
      median(a.map((one, index) => of(one) / of(b[index] ?? one)));
    const p99 = (some: readonly Round[]) =>
      quantile(
        some.flatMap((one) => one.latencies),
        0.99,
      );
    return [
      { name: 'ingest: events handled', value: median(a.map((one) => one.rate)), unit: '/s' },
      { name: 'bare SDK: same transactions', value: median(b.map((one) => one.rate)), unit: '/s' },
      atLeast(
        'ingest rate beside the bare SDK',
        ratios((one) => one.rate),
        '×',
        1,
      ),
      { name: 'ingest: p99', value: p99(a), unit: 'ms' },
      atMost('ingest p99 beside the bare SDK', p99(a) / p99(b), '×', 1.2),
      { name: 'ingest: client CPU an event', value: median(a.map((one) => one.cpu)), unit: 'ms' },
      atMost(
        'ingest client CPU beside the bare SDK',
        ratios((one) => one.cpu),
        '×',
        1,
      ),
    ];
  } finally {
    await storage.stop();
  }
}

interface Round {
  /** Events a second, over all senders. */
  readonly rate: number;
  /** Milliseconds of each event. */
  readonly latencies: readonly number[];
  /** Milliseconds of our own CPU an event. */
  readonly cpu: number;
}

/** Works off one queue a repository, all at once. */
async function measured<T>(
  queues: readonly (readonly T[])[],
  work: (item: T) => Promise<unknown>,
): Promise<Round> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    queues.map(async (queue) => {
      for (const item of queue) {
        const begun = performance.now();
        await work(item);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: latencies.length / seconds, latencies, cpu: (user + system) / 1000 / latencies.length };
}

/** One queue of raw events a repository: a version's push, then the move of `prod` to it, and so on. */
function eventsOf(round: number) {
  return Array.from({ length: repositories }, (_, repository) =>
    Array.from({ length: pushesPerRound }, (_, index) => {
      const version = Math.floor(index / 2);
      return imagePushed({
        repository: `team/app-${repository}`,
        tag: index % 2 === 0 ? `${round}.${version}` : 'prod',
        digest: digestOf(`${repository} ${round} ${version}`),
        timestamp: new Date(Date.UTC(2026, 4, 2, round, 0, index)).toISOString(),
      });
    }),
  );
}

const seen: Tables = {
  repositories: memoryTable(),
  digests: memoryTable(),
  log: memoryTable(),
  rejected: memoryTable(),
  inventory: memoryTable(),
  findings: memoryTable(),
  workloads: memoryTable(),
  plans: memoryTable(),
};

/** What each event asks of storage, found by handling it over tables in memory that listen. */
async function plansOf(events: ReturnType<typeof eventsOf>): Promise<readonly (readonly Plan[])[]> {
  let heard: {
    pending?: Row;
    reads: { partitionKey: string; rowKey: string }[];
    operations: Operation[];
    digest?: Row;
  } = { reads: [], operations: [] };
  const listening = (table: Table, listener: Partial<Table>): Table => ({ ...table, ...listener });
  const handle = handlerOver({
    ...seen,
    repositories: listening(seen.repositories, {
      get(partitionKey, rowKey) {
        heard.reads.push({ partitionKey, rowKey });
        return seen.repositories.get(partitionKey, rowKey);
      },
      transact(operations) {
        heard.operations = [...operations];
        return seen.repositories.transact(operations);
      },
    }),
    digests: listening(seen.digests, {
      put(row) {
        heard.digest = row;
        return seen.digests.put(row);
      },
    }),
    log: listening(seen.log, {
      insert(row) {
        heard.pending = row;
        return seen.log.insert(row);
      },
    }),
  });
  const plans: Plan[][] = [];
  for (const queue of events) {
    const own: Plan[] = [];
    for (const event of queue) {
      heard = { reads: [], operations: [] };
      await handle(event);
      const { pending, ...others } = heard;
      if (pending === undefined) throw new Error('an event was not announced');
      own.push({ pending, ...others });
    }
    plans.push(own);
  }
  return plans;
}

/** Makes a plan's transactions with the SDK as it is meant to be used: typed calls, `submitTransaction`. */
async function bareSdk(storage: BenchStorage): Promise<(plan: Plan) => Promise<unknown>> {
  const log = storage.client('sdklog');
  const digests = storage.client('sdkdigests');
  const repositoriesTable = storage.client('sdkrepositories');
  await Promise.all([repositoriesTable, digests, log].map((client) => client.createTable()));
  return async ({ pending, reads, operations, digest }) => {
    const [, ...found] = await Promise.all([
      log.createEntity(entityOf(pending)),
      ...reads.map(({ partitionKey, rowKey }) =>
        repositoriesTable.getEntity(partitionKey, rowKey).catch(() => undefined),
      ),
    ]);
    const etags = new Map(found.filter((row) => row !== undefined).map((row) => [row.rowKey, row.etag]));
    const actions = operations.map((operation) => actionOf(operation, etags));
    await Promise.all([
      repositoriesTable.submitTransaction(actions),
      ...(digest === undefined ? [] : [digests.upsertEntity(entityOf(digest), 'Replace')]),
    ]);
  };
}

function entityOf({ partitionKey, rowKey, columns }: Row) {
  const { size, ...others } = columns;
  const long = typeof size === 'number' ? { size: { type: 'Int64', value: String(size) } } : {};
  return { partitionKey, rowKey, ...others, ...long };
}

function actionOf(operation: Operation, etags: ReadonlyMap<string | undefined, string>): TransactionAction {
  if (operation.operation === 'insert') return ['create', entityOf(operation.row)];
  if (operation.operation === 'remove') return ['delete', operation.row];
  const mode = operation.operation === 'merge' ? 'Merge' : 'Replace';
  if (operation.over === undefined) return ['upsert', entityOf(operation.row), mode];
  const etag = etags.get(operation.row.rowKey) ?? '*';
  return ['update', entityOf(operation.row), mode, { etag }];
}
