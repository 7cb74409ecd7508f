import { HttpRequest } from '@azure/functions';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { dashboardOf } from '../../../src/dashboard/dashboard.ts';
import type { Table } from '../../../src/storage/row.ts';
import { auditApp } from '../../builders/audit-app.ts';
import { type EstateTables, type SeededEstate, seededEstate } from '../../builders/dashboard-estate.ts';
import { type EstatePage, estatePages, pagesOf } from '../../builders/estate-pages.ts';

const now = Date.UTC(2026, 4, 3);
const size = { records: 1_000, repositories: 200, claims: 1_400, findings: 900, approvals: 40 };

/** The estate as pages see it, with what each asks of storage counted. */
function countedPages({ tables }: SeededEstate) {
  let queries = 0;
  const count = () => {
    queries += 1;
  };
  const counted = (table: Table): Table => ({
    ...table,
    get: (...given) => {
      count();
      return table.get(...given);
    },
    page: (...given) => {
      count();
      return table.page(...given);
    },
  });
  const all = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, counted(table)]));
  const open = estatePages(dashboardOf, {
    tables: { ...tables, ...all } satisfies Record<keyof EstateTables, Table>,
    async *recorded(registry, after) {
      const keys = new Set(tables.repositories.rows().map(({ partitionKey }) => partitionKey));
      for (const key of keys) {
        const name = key.slice(registry.length + 1).replaceAll(':', '/');
        if (after !== undefined && name <= after) continue;
        count();
        yield name;
      }
      count();
    },
    count,
    reference: async () =>
      z.record(z.string(), z.unknown()).parse(await (await auditApp().get('openapi.json')).json()),
    now,
    request: (url, params) => new HttpRequest({ method: 'GET', url, params }),
  });
  return async (page: EstatePage) => {
    queries = 0;
    const { status, body } = await open(page);
    return { status, queries, bytes: Buffer.byteLength(String(body ?? '')), body: String(body ?? '') };
  };
}

describe.each([
  ['compared with its registry', true],
  ['never compared', false],
])('when an estate with much of everything was %s', (_, isCompared) => {
  let pages: readonly EstatePage[] = [];
  let open: ReturnType<typeof countedPages>;

  beforeAll(async () => {
    const estate = await seededEstate({ ...size, isCompared }, now);
    pages = pagesOf(estate);
    open = countedPages(estate);
  });

  it('every page takes at most ten queries, and less than 100 KiB', async () => {
    const told: Record<string, unknown> = {};
    for (const page of pages) {
      const { status, queries, bytes } = await open(page);
      if ((status !== 200 && status !== 303) || queries > 10 || bytes > 100 * 1_024)
        told[page.what] = { status, queries, bytes };
    }
    expect(told).toEqual({});
    expect(pages.length).toBeGreaterThan(20);
  });
});
