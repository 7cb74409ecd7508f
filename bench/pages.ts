import { createRequire } from 'node:module';
import functions from '@azure/functions';
import type { dashboardOf } from '../src/dashboard/dashboard.ts';
import { type EstateTables, type SeededEstate, seededEstate } from '../test/builders/dashboard-estate.ts';
import { estatePages, pagesOf } from '../test/builders/estate-pages.ts';
import { atMost, type Figure, quantile } from './figure.ts';
import { apiAnswers } from './pages-api.ts';
import { readOnlyTable, type TableCost } from './pages-table.ts';

const end = Date.UTC(2026, 4, 3);
const rounds = 30;
const sizes = [1_000, 10_000, 100_000];
const estate = { repositories: 200, claims: 1_400, findings: 900, approvals: 40, isCompared: true };

/** An answer of the app, and what its question to it is called. */
export interface MeasuredAnswer {
  readonly what: string;
  readonly ask: () => Promise<{ readonly status?: number | undefined; readonly body: string }>;
}

/**
 * Each page of the dashboard as it is deployed, and answers of the API, over an estate of 200 repositories, 1,400 references and
 * 900 open findings with histories of several lengths: questions to storage, our own processor time, bytes.
 */
export async function pages(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const records of sizes) figures.push(...(await ofSize(records)));
  return figures;
}

async function ofSize(records: number): Promise<readonly Figure[]> {
  const seeded = await seededEstate({ ...estate, records }, end);
  const cost: TableCost = { calls: 0, spent: 0 };
  const tables = readOnly(seeded, cost);
  const api = apiAnswers(seeded, tables, cost, end);
  const measured = [...dashboardAnswers(seeded, tables, cost, api.reference), ...api.answers];
  const figures: Figure[] = [];
  for (const { what, ask } of measured) {
    const times: number[] = [];
    let [calls, bytes] = [0, 0];
    for (let round = 0; round < rounds; round += 1) {
      Object.assign(cost, { calls: 0, spent: 0 });
      const before = process.cpuUsage();
      const { status = 200, body } = await ask();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1_000 - cost.spent);
      if (status !== 200 && status !== 303) throw new Error(`${what} answers ${status}: ${body}`);
      [calls, bytes] = [cost.calls, Buffer.byteLength(body)];
    }
    figures.push(
      atMost(`${what}, ${records} records: queries`, calls, 'queries', 10),
      atMost('  our time, median', quantile(times, 0.5), 'ms', 50),
      atMost('  size', bytes / 1_024, 'KiB', 100),
    );
  }
  return figures;
}

type ReadTables = Readonly<Record<keyof EstateTables, ReturnType<typeof readOnlyTable>>>;

function readOnly({ tables }: SeededEstate, cost: TableCost): ReadTables {
  const only = (name: keyof EstateTables) => readOnlyTable(tables[name].rows(), cost);
  return {
    repositories: only('repositories'),
    digests: only('digests'),
    log: only('log'),
    rejected: only('rejected'),
    inventory: only('inventory'),
    workloads: only('workloads'),
    findings: only('findings'),
  };
}

function dashboardAnswers(
  seeded: SeededEstate,
  tables: ReadTables,
  cost: TableCost,
  reference: Readonly<Record<string, unknown>>,
): readonly MeasuredAnswer[] {
  const bundle: { readonly dashboardOf: typeof dashboardOf } = createRequire(import.meta.url)(
    '../dist/dashboard.cjs',
  );
  const open = estatePages(bundle.dashboardOf, {
    tables,
    async *recorded() {},
    count: () => {
      cost.calls += 1;
    },
    reference: async () => reference,
    now: end,
    request: (url, params) => new functions.HttpRequest({ method: 'GET', url, params }),
  });
  return pagesOf(seeded).map((page) => ({
    what: page.what,
    async ask() {
      const { status, body } = await open(page);
      return { status, body: String(body ?? '') };
    },
  }));
}
