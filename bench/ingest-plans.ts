import type { TransactionAction } from '@azure/data-tables';
import type { Operation, Row, Table } from '../src/storage/row.ts';
import type { Tables } from '../src/storage/tables.ts';
import { memoryTable } from '../test/builders/memory-table.ts';
import { digestOf, imagePushed } from '../test/builders/registry-event.ts';
import { type BenchStorage, handlerOver } from './setting.ts';

const repositories = 8;
const pushesPerRound = 40;

/** What one event asks of storage: two steps, each of calls that go together. */
interface Plan {
  readonly announced: readonly Operation[];
  readonly reads: readonly { partitionKey: string; rowKey: string }[];
  readonly operations: readonly Operation[];
  readonly digest?: Row;
}

/** One queue of raw events a repository: a version's push, then the move of `prod` to it, and so on. */
export function eventsOf(round: number) {
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
export async function plansOf(events: ReturnType<typeof eventsOf>): Promise<readonly (readonly Plan[])[]> {
  let heard: {
    announced: Operation[];
    reads: { partitionKey: string; rowKey: string }[];
    operations: Operation[];
    digest?: Row;
  } = { announced: [], reads: [], operations: [] };
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
      transact(operations) {
        heard.announced = [...operations];
        return seen.log.transact(operations);
      },
    }),
  });
  const plans: Plan[][] = [];
  for (const queue of events) {
    const own: Plan[] = [];
    for (const event of queue) {
      heard = { announced: [], reads: [], operations: [] };
      await handle(event);
      if (heard.announced.length === 0) throw new Error('an event was not announced');
      own.push(heard);
    }
    plans.push(own);
  }
  return plans;
}

/** Makes a plan's transactions with the SDK as it is meant to be used: typed calls, `submitTransaction`. */
export async function bareSdk(storage: BenchStorage): Promise<(plan: Plan) => Promise<unknown>> {
  const log = storage.client('sdklog');
  const digests = storage.client('sdkdigests');
  const repositoriesTable = storage.client('sdkrepositories');
  await Promise.all([repositoriesTable, digests, log].map((client) => client.createTable()));
  return async ({ announced, reads, operations, digest }) => {
    const [, ...found] = await Promise.all([
      log.submitTransaction(announced.map((operation) => actionOf(operation, new Map()))),
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
