import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { AzureNamedKeyCredential, odata, TableClient } from '@azure/data-tables';
import { startChild } from '../local/child.ts';
import { queryHistory } from '../src/audit/query-history.ts';
import { resolveTag } from '../src/audit/resolve-tag.ts';
import { historyPages } from '../src/storage/history-pages.ts';
import { tableStorage } from '../src/storage/table-storage.ts';
import { atMost, type Figure, median, quantile } from './figure.ts';
import { movedTag, timeOf } from './ordered-rows.ts';

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const pageSize = 100;
const rounds = 60;
const turns = 5;

/** What a question cost, the most of all rounds. */
interface Cost {
  readonly transactions: number;
  readonly rows: number;
  readonly walked: number;
  /** Milliseconds that nine of ten questions took longer than. */
  readonly quick: number;
  /** Our CPU by that of the SDK alone. */
  readonly cpu: number;
}

/** As-of and history pages of a tag that was pushed a thousand to a million times, beside the same query by the SDK. */
export async function history(): Promise<readonly Figure[]> {
  const asOf: Cost[] = [];
  const page: Cost[] = [];
  for (const size of sizes) {
    const storage = await orderedStorage(size);
    try {
      asOf.push(await storage.cost('as-of'));
      page.push(await storage.cost('page'));
    } finally {
      await storage.stop();
    }
  }
  return [
    ...figuresOf('as-of', asOf, 1, 2),
    ...figuresOf(`history page of ${pageSize}`, page, pageSize, pageSize),
  ];
}

function figuresOf(name: string, costs: readonly Cost[], rows: number, walked: number): readonly Figure[] {
  const most = (of: (cost: Cost) => number) => Math.max(...costs.map(of));
  const [smallest = Number.NaN, ...larger] = costs.map((cost) => cost.quick);
  const largest = larger.at(-1) ?? Number.NaN;
  const cpu = median(costs.map((cost) => cost.cpu));
  return [
    atMost(
      `${name}: transactions, of 1,000 to 1,000,000 pushes`,
      most((cost) => cost.transactions),
      '',
      1,
    ),
    atMost(
      '  rows read, at most',
      most((cost) => cost.rows),
      'rows',
      rows,
    ),
    atMost(
      '  rows that storage walks over, at most',
      most((cost) => cost.walked),
      'rows',
      walked,
    ),
    atMost('  our CPU beside that of the same query by the SDK', cpu, '×', 1),
    { name: '  of 1,000 pushes, time that nine of ten take longer than', value: smallest, unit: 'ms' },
    { name: '  of 1,000,000 pushes, the same', value: largest, unit: 'ms' },
    atMost('  the latter beside the former', largest / smallest, '×', 1.5),
  ];
}

async function orderedStorage(size: number) {
  const port = Promise.withResolvers<number>();
  const child = startChild({
    name: 'ordered storage',
    command: process.execPath,
    args: ['bench/ordered-storage.ts', String(size)],
    onLine: (line) => port.resolve(Number(line)),
  });
  void child.ended.then((code) => port.reject(new Error(`the storage ended with ${code}`)));
  const url = `http://127.0.0.1:${await port.promise}/account`;
  const client = () =>
    new TableClient(url, 'repositories', new AzureNamedKeyCredential('account', 'a2V5'), {
      allowInsecureConnection: true,
    });
  let seen = { transactions: 0, rows: 0, walked: 0 };
  const counting: PipelinePolicy = {
    name: 'counting',
    async sendRequest(request, next) {
      const response = await next(request);
      const [rows = 0, walked = 0] = (response.headers.get('x-rows') ?? '').split('/').map(Number);
      seen = { transactions: seen.transactions + 1, rows: seen.rows + rows, walked: seen.walked + walked };
      return response;
    },
  };
  const [counted, sdk] = [client(), client()];
  counted.pipeline.addPolicy(counting, { afterPhase: 'Retry' });
  const table = tableStorage(counted);
  const pages = historyPages(table, table);
  const [resolve, query] = [resolveTag({ pages }), queryHistory({ pages })];

  const questions = {
    'as-of': {
      async ours(time: number) {
        const { outcome } = await resolve(repository, movedTag, time);
        if (outcome !== 'resolved') throw new Error(outcome);
      },
      filter: "kind ne 'unchanged'",
      top: 1,
    },
    page: {
      async ours(to: number) {
        const { items } = await query({ scope: { ...repository, tag: movedTag }, to, limit: pageSize });
        if (items.length !== pageSize) throw new Error(`${items.length} entries`);
      },
      filter: undefined,
      top: pageSize,
    },
  };

  async function bare(time: number, filter: string | undefined, top: number) {
    const inverted = String(9_999_999_999_999 - time).padStart(13, '0');
    const from = `T|${movedTag}|${inverted}`;
    const range = odata`PartitionKey eq ${'contoso.azurecr.io|team:app'} and RowKey ge ${from} and RowKey lt ${`T|${movedTag}|~`}`;
    const queryOptions = { filter: filter === undefined ? range : `${range} and (${filter})` };
    const { value } = await sdk.listEntities({ queryOptions }).byPage({ maxPageSize: top }).next();
    if (value.length !== top) throw new Error(`${value.length} entities`);
  }

  return {
    async cost(of: keyof typeof questions): Promise<Cost> {
      const { ours, filter, top } = questions[of];
      // Anywhere in the history, but not so early that a page would not be full.
      const times = Array.from({ length: rounds }, (_, round) =>
        timeOf(Math.floor(size * 0.2 + ((size * 0.8 - 1) * round) / rounds)),
      );
      const most = { transactions: 0, rows: 0, walked: 0 };
      const taken: number[] = [];
      const cpu = { ours: 0, bare: 0 };
      for (let turn = 0; turn < turns; turn += 1) {
        cpu.bare += await cpuOf(times, (time) => bare(time, filter, top));
        cpu.ours += await cpuOf(times, async (time) => {
          seen = { transactions: 0, rows: 0, walked: 0 };
          const begun = performance.now();
          await ours(time);
          taken.push(performance.now() - begun);
          for (const name of ['transactions', 'rows', 'walked'] as const)
            most[name] = Math.max(most[name], seen[name]);
        });
        // The first turn warms both up.
        if (turn === 0) Object.assign(cpu, { ours: 0, bare: 0 });
      }
      // What others do on the machine only ever adds: the quick ones are the ones to compare.
      return { ...most, quick: quantile(taken, 0.1), cpu: cpu.ours / cpu.bare };
    },
    stop: () => child.stop(),
  };
}

/** Microseconds of our own CPU that it takes to ask of each time, one after the other. */
async function cpuOf(times: readonly number[], ask: (time: number) => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (const time of times) await ask(time);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
