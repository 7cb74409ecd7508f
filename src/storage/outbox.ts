import type { Outbox } from '../audit/ports.ts';
import type { AuditRecord } from '../history/fact.ts';
import type { Statement } from '../history/statement.ts';
import { canonicalRecord, canonicalStatement } from '../ledger/canonical-record.ts';
import { readLeaf, readStatement } from '../ledger/recorded-leaf.ts';
import { corrupt, textOf } from './entry-codec.ts';
import { pendingKey, pendingPartition, pendingStatements } from './keys.ts';
import type { Row, Table } from './row.ts';

/** Most rows of one transaction, and bytes: https://learn.microsoft.com/azure/storage/tables/scalability-targets. */
const maxRows = 100;
const maxCharacters = 1_000_000;

/**
 * The ledger's outbox in the `log` table. A row is inserted, never replaced: the leaf that will be sealed is the one
 * first announced, whatever a repeated delivery says.
 */
export function outbox(log: Table): Outbox {
  async function insertTogether(rows: readonly Row[]): Promise<'new' | 'known'> {
    const [first, ...others] = rows;
    if (first === undefined) return 'new';
    if (others.length === 0) return (await log.insert(first)) === 'inserted' ? 'new' : 'known';
    const outcome = await log.transact(rows.map((row) => ({ operation: 'insert', row })));
    return outcome === 'committed' ? 'new' : 'known';
  }

  return {
    async announce(record) {
      return (await log.insert(factRow(record))) === 'inserted' ? 'new' : 'known';
    },
    async announceAll(records) {
      let outcome: 'new' | 'known' = 'new';
      for (const some of portionsOf(records.map(factRow))) {
        if ((await insertTogether(some)) === 'known') outcome = 'known';
      }
      return outcome;
    },
    async announceStatements(statements) {
      let outcome: 'new' | 'known' = 'new';
      for (const some of portionsOf(statements.map(statementRow))) {
        if ((await insertTogether(some)) === 'new') continue;
        outcome = 'known';
        for (const row of some) await log.insert(row);
      }
      return outcome;
    },
    async announcedStatement({ registry, repository }, at) {
      const row = await log.get(pendingStatements(registry), pendingKey(at, repository));
      if (row === undefined) return undefined;
      const statement = readStatement(textOf(row, 'leaf') ?? '');
      if (statement === undefined) throw corrupt(row);
      return statement;
    },
    async announced({ registry, repository }, at) {
      const row = await log.get(pendingPartition(registry), pendingKey(at, repository));
      if (row === undefined) return undefined;
      const record = readLeaf(textOf(row, 'leaf') ?? '');
      if (record === undefined) throw corrupt(row);
      return record;
    },
  };
}

function factRow(record: AuditRecord): Row {
  return {
    partitionKey: pendingPartition(record.registry),
    rowKey: pendingKey(record.fact.at, record.repository),
    columns: { leaf: canonicalRecord(record), source: record.fact.source },
  };
}

function statementRow(statement: Statement): Row {
  return {
    partitionKey: pendingStatements(statement.registry),
    rowKey: pendingKey(statement.at, statement.repository),
    columns: { leaf: canonicalStatement(statement) },
  };
}

/** Rows cut so that each portion fits in a transaction. */
function portionsOf(rows: readonly Row[]): readonly (readonly Row[])[] {
  const portions: Row[][] = [];
  let room = 0;
  for (const row of rows) {
    const length = String(row.columns['leaf']).length;
    const last = portions.at(-1);
    if (last === undefined || last.length === maxRows || length > room) {
      portions.push([row]);
      room = maxCharacters - length;
    } else {
      last.push(row);
      room -= length;
    }
  }
  return portions;
}
