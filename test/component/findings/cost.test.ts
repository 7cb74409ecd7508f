import { describe, expect, it } from '@jest/globals';
import type { FindingFilter } from '../../../src/audit/findings.ts';
import { type Finding, findingOf } from '../../../src/findings/finding.ts';
import { findingsStore } from '../../../src/storage/findings.ts';
import type { Table } from '../../../src/storage/row.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const start = Date.UTC(2026, 4, 2, 12);
const orphan = (tag: string, repository: string): Finding =>
  findingOf('OrphanLock', { registry, repository, tag }, {});

/** A store over a table that counts its calls, and the rows of its pages. */
function counted() {
  const table = memoryTable();
  const counts = { get: 0, transact: 0, page: 0, rows: 0 };
  const counting: Table = {
    ...table,
    get: (...key) => {
      counts.get += 1;
      return table.get(...key);
    },
    transact: (operations) => {
      counts.transact += 1;
      return table.transact(operations);
    },
    page: async (...asked) => {
      const page = await table.page(...asked);
      counts.page += 1;
      counts.rows += page.rows.length;
      return page;
    },
  };
  const costOf = async (work: Promise<unknown>) => {
    Object.assign(counts, { get: 0, transact: 0, page: 0, rows: 0 });
    await work;
    return { ...counts };
  };
  return { store: findingsStore(counting), costOf };
}

describe('when a registry has many open findings', () => {
  async function many() {
    const { store, costOf } = counted();
    const orphans = Array.from({ length: 400 }, (_, index) => orphan(`t${index}`, `team/app-${index % 40}`));
    await store.raise(registry, orphans, start);
    const gone = ['one', 'two'].map((name) =>
      findingOf('ProtectedDigestDeleted', { registry, repository: 'team/app', digest: digestOf(name) }, {}),
    );
    await store.raise(registry, gone, start);
    return { store, costOf };
  }

  it.each<[FindingFilter, number]>([
    [{ statuses: ['open'] }, 50],
    [{ statuses: ['open'], severity: 'critical' }, 2],
    [{ statuses: ['open'], repository: 'team/app-7' }, 10],
    [{ statuses: ['resolved'] }, 0],
  ])('a page of %j reads the rows that it gives, once', async (filter, rows) => {
    const { store, costOf } = await many();
    const cost = await costOf(store.page(registry, filter, 50));
    expect(cost).toEqual({ get: 0, transact: 0, page: 1, rows });
  });

  it('a look at one repository reads its findings alone, and writes those that are gone', async () => {
    const { store, costOf } = await many();
    const scope = { repository: 'team/app-7', kinds: ['OrphanLock'] } as const;
    const there = new Set(
      Array.from({ length: 9 }, (_, index) => orphan(`t${7 + 40 * index}`, 'team/app-7').identity),
    );
    const cost = await costOf(store.settle(registry, scope, there, start + 1));
    expect(cost).toEqual({ get: 1, transact: 1, page: 1, rows: 10 });
  });

  it('a finding raised is one read and one transaction, and no transaction when it says nothing new', async () => {
    const { store, costOf } = await many();
    const raise = (at: number) => costOf(store.raise(registry, [orphan('new', 'team/app')], at));
    expect(await raise(start)).toEqual({ get: 1, transact: 1, page: 0, rows: 0 });
    expect(await raise(start + 1)).toEqual({ get: 1, transact: 1, page: 0, rows: 0 });
    expect(await raise(start + 1)).toEqual({ get: 1, transact: 0, page: 0, rows: 0 });
  });
});
