import { createRequire } from 'node:module';
import functions from '@azure/functions';
import type { dashboardOf } from '../src/dashboard/dashboard.ts';
import { findingsStore } from '../src/storage/findings.ts';
import { dashboardPorts } from '../test/builders/dashboard-ports.ts';
import { type MemoryTable, memoryTable } from '../test/builders/memory-table.ts';
import { digestOf, imagePushed } from '../test/builders/registry-event.ts';
import { atMost, type Figure } from './figure.ts';
import { readOnlyTable, type TableCost } from './read-only-table.ts';
import { handlerOver } from './setting.ts';

const registry = 'contoso.azurecr.io';
const registries = [{ loginServer: registry }];
const repositories = 5;
const end = Date.UTC(2026, 4, 3);
/** Milliseconds between two pushes. */
const pace = 60_000;
const rounds = 30;
const names = ['repositories', 'digests', 'log', 'rejected', 'inventory', 'workloads', 'findings'] as const;
type Stored = Readonly<Record<(typeof names)[number], MemoryTable>>;

/** Each page of the dashboard, as it is deployed, over histories of two lengths: questions to storage, our own time, bytes. */
export async function pages(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const records of [1_000, 100_000]) figures.push(...(await pagesOf(records)));
  return figures;
}

async function pagesOf(records: number): Promise<readonly Figure[]> {
  const cost: TableCost = { calls: 0, spent: 0 };
  const answer = dashboardOver(await seeded(records), cost);
  const figures: Figure[] = [];
  const image = encodeURIComponent(`${registry}/team/app-0`);
  for (const [page, name, path] of [
    ['overview', 'dashboardOverview', ''],
    ['repository', 'dashboardRepository', `/repository?image=${image}`],
    ['tag', 'dashboardTag', `/tag?image=${image}:prod`],
    ['digest', 'dashboardDigest', `/digest?image=${image}@${digestOf('0')}`],
    ['findings', 'dashboardFindings', '/findings'],
    ['workloads', 'dashboardWorkloads', '/workloads'],
  ] as const) {
    const times: number[] = [];
    let [calls, bytes] = [0, 0];
    for (let round = 0; round < rounds; round += 1) {
      Object.assign(cost, { calls: 0, spent: 0 });
      const request = new functions.HttpRequest({
        method: 'GET',
        url: `https://audit.example/dashboard${path}`,
      });
      const started = performance.now();
      const { status, body } = await answer(name, request, { error: () => {}, invocationId: 'bench' });
      times.push(performance.now() - started - cost.spent);
      if (status !== 200) throw new Error(`${page} answers ${status}: ${body}`);
      bytes = Buffer.byteLength(String(body));
      calls = cost.calls;
    }
    times.sort((a, b) => a - b);
    const of = `${page}, ${records} records`;
    figures.push(
      atMost(`${of}: queries`, calls, 'queries', 10),
      atMost('  our time, p95', times[Math.ceil(rounds * 0.95) - 1] ?? 0, 'ms', 50),
      atMost('  size', bytes / 1_024, 'KiB', 100),
    );
  }
  return figures;
}

/** Pushes to a few repositories: every other one moves `prod`, the others are tags of their own. */
async function seeded(records: number): Promise<Stored> {
  const tables: Stored = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    rejected: memoryTable(),
    inventory: memoryTable(),
    workloads: memoryTable(),
    findings: memoryTable(),
  };
  const handle = handlerOver(tables, () => end);
  for (let push = 0; push < records; push += 1) {
    const repository = `team/app-${push % repositories}`;
    const tag = push % (2 * repositories) < repositories ? 'prod' : `1.${push}.0`;
    const timestamp = new Date(end - (records - push) * pace).toISOString();
    await handle(
      imagePushed({ id: `push-${push}`, repository, tag, digest: digestOf(`${push}`), timestamp }),
    );
  }
  return tables;
}

function dashboardOver(stored: Stored, cost: TableCost): ReturnType<typeof dashboardOf> {
  const only = (name: (typeof names)[number]) => readOnlyTable(stored[name].rows(), cost);
  const clock = { now: () => end };
  const ports = dashboardPorts({
    repositories: only('repositories'),
    digests: only('digests'),
    log: only('log'),
    rejected: only('rejected'),
    inventory: only('inventory'),
    workloads: only('workloads'),
    findings: findingsStore(only('findings')),
    letters: { counts: async () => ({ waiting: 0, quarantined: 0 }) },
    clock,
  });
  const nothing = () => Promise.reject(new Error('not measured'));
  const plans = { plans: { page: nothing, get: nothing }, decisions: nothing, planning: undefined };
  const bundle: { readonly dashboardOf: typeof dashboardOf } = createRequire(import.meta.url)(
    '../dist/dashboard.cjs',
  );
  return bundle.dashboardOf(registries, 'development', {
    ...ports,
    approvals: {
      ...{ approve: undefined, change: nothing, enforce: nothing },
      ...{ windows: ports.windows, index: ports.index },
    },
    records: { page: nothing },
    digests: { beginningWith: nothing },
    async *names() {},
    plans,
    reference: nothing,
  });
}
