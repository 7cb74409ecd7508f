import { type RebuildRequest, rebuildRepository } from '../../../src/audit/rebuild-repository.ts';
import type { Fact } from '../../../src/history/fact.ts';
import { retellings } from '../../../src/storage/retelling.ts';
import type { StoredRow, Table } from '../../../src/storage/row.ts';
import { recordOf } from '../../builders/facts.ts';
import { type HistoryTables, recorderOver } from '../../builders/history-stores.ts';
import { type MemoryTable, memoryTable } from '../../builders/memory-table.ts';

/** The repository that the facts of these tests are recorded in. */
const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

export type MemoryTables = Readonly<Record<keyof HistoryTables, MemoryTable>>;

/** Tables in memory, in which the facts are recorded as they come. */
export async function recorded(facts: readonly Fact[]): Promise<MemoryTables> {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const record = recorderOver(tables);
  for (const one of facts) await record(recordOf(one));
  return tables;
}

/** Every row of every table, without ETags. */
export function contents(tables: MemoryTables) {
  const rowsOf = (table: MemoryTable) => table.rows().map(({ etag: _, ...row }) => row);
  return {
    repositories: rowsOf(tables.repositories),
    digests: rowsOf(tables.digests),
    log: rowsOf(tables.log),
  };
}

/** Rebuilds the repository over the tables. */
export function rebuilt(tables: HistoryTables, request: RebuildRequest = { dryRun: false }) {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  return rebuildRepository({ begin: retellings(tables), log })(repository, request);
}

/** The table, counting what is written to it. */
export function countingWrites(table: Table): { readonly table: Table; writes(): number } {
  let writes = 0;
  const counted = <A extends readonly unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      writes += 1;
      return call(...args);
    };
  };
  return {
    writes: () => writes,
    table: {
      ...table,
      insert: counted(table.insert),
      put: counted(table.put),
      transact: counted(table.transact),
    },
  };
}

/** The columns of an audit record that follow from other records. */
const derivedColumns = ['kind', 'prev', 'replicaOf', 'locations', 'attribution'];

/** Damage to one row. */
export type Damage = 'removed' | 'edited' | 'emptied' | 'doubled';

/** Damages a row that follows from others; of an audit record only the columns that do. */
export async function damage(table: Table, row: StoredRow, how: Damage): Promise<void> {
  const { partitionKey: partition, rowKey, columns } = row;
  const isRecord = rowKey.startsWith('E|');
  if (isRecord) {
    const kept = Object.entries(columns).filter(([name]) => !derivedColumns.includes(name));
    const wrong =
      how === 'emptied' || how === 'removed' ? {} : { kind: 'moved', prev: 'x', locations: 'nowhere' };
    await table.put({ partitionKey: partition, rowKey, columns: { ...Object.fromEntries(kept), ...wrong } });
    return;
  }
  switch (how) {
    case 'removed':
      await table.transact([{ operation: 'remove', row: { partitionKey: partition, rowKey } }]);
      return;
    case 'emptied':
      await table.put({ partitionKey: partition, rowKey, columns: {} });
      return;
    case 'edited': {
      const name = Object.keys(columns)[0] ?? 'kind';
      await table.put({ partitionKey: partition, rowKey, columns: { ...columns, [name]: 'wrong' } });
      return;
    }
    case 'doubled':
      await table.put({ partitionKey: partition, rowKey: doubleOf(rowKey), columns });
  }
}

/** A key beside the row's, of the same kind. */
function doubleOf(rowKey: string): string {
  const [kind = '', name = '', ...rest] = rowKey.split('|');
  return [kind, `${name}0`, ...rest].join('|');
}
