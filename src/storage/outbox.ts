import type { Outbox } from '../audit/ports.ts';
import type { AuditRecord } from '../history/fact.ts';
import type { Statement } from '../history/statement.ts';
import { canonicalRecord, canonicalStatement } from '../ledger/canonical-record.ts';
import { readLeaf, readStatement } from '../ledger/recorded-leaf.ts';
import type { ConnectedLogs } from './connected-logs.ts';
import { corrupt, textOf } from './entry-codec.ts';
import { announcedKey, announcedPartition, announcedStatementKey, waitingKey } from './keys.ts';
import type { Columns, Row, Table } from './row.ts';

/** Most rows of one transaction, and bytes: https://learn.microsoft.com/azure/storage/tables/scalability-targets. */
const maxRows = 100;
const maxCharacters = 1_000_000;

/**
 * The ledger's outbox in the `log` table. What is announced is two rows of a partition, inserted together: one that stays, so
 * that a repeated delivery, however late, finds the leaf first announced and no second one is sealed; and one that waits for
 * the sealer, which removes it. `logs` is told of each registry before, so that none is announced to a log nobody seals.
 */
export function outbox(log: Table, logs?: Pick<ConnectedLogs, 'note'>): Outbox {
  async function insertTogether(some: readonly Announcement[]): Promise<'new' | 'known'> {
    const [first] = some;
    if (first === undefined) return 'new';
    await logs?.note(first.registry);
    const rows = some.flatMap(({ announced, waiting }) => [announced, waiting]);
    const outcome = await log.transact(rows.map((row) => ({ operation: 'insert', row })));
    return outcome === 'committed' ? 'new' : 'known';
  }

  return {
    announce: (record) => insertTogether([ofFact(record)]),
    async announceAll(records) {
      let outcome: 'new' | 'known' = 'new';
      for (const some of portionsOf(records.map(ofFact))) {
        if ((await insertTogether(some)) === 'known') outcome = 'known';
      }
      return outcome;
    },
    async announceStatements(statements) {
      let outcome: 'new' | 'known' = 'new';
      for (const some of portionsOf(statements.map(ofStatement))) {
        if ((await insertTogether(some)) === 'new') continue;
        outcome = 'known';
        for (const each of some) await insertTogether([each]);
      }
      return outcome;
    },
    async announcedStatement({ registry, repository }, at) {
      const row = await log.get(announcedPartition(registry), announcedStatementKey(at, repository));
      if (row === undefined) return undefined;
      const statement = readStatement(textOf(row, 'leaf') ?? '');
      if (statement === undefined) throw corrupt(row);
      return statement;
    },
    async announced({ registry, repository }, at) {
      const row = await log.get(announcedPartition(registry), announcedKey(at, repository));
      if (row === undefined) return undefined;
      const record = readLeaf(textOf(row, 'leaf') ?? '');
      if (record === undefined) throw corrupt(row);
      return record;
    },
  };
}

/** The two rows of what is announced. */
interface Announcement {
  readonly registry: string;
  readonly announced: Row;
  readonly waiting: Row;
}

function ofFact(record: AuditRecord): Announcement {
  const { at, recordedAt, source } = record.fact;
  const key = announcedKey(at, record.repository);
  return announcement(record.registry, key, recordedAt, canonicalRecord(record), { source });
}

function ofStatement(statement: Statement): Announcement {
  const { registry, repository, at, recordedAt } = statement;
  const key = announcedStatementKey(at, repository);
  return announcement(registry, key, recordedAt, canonicalStatement(statement), {});
}

function announcement(
  registry: string,
  rowKey: string,
  recordedAt: number,
  leaf: string,
  columns: Columns,
): Announcement {
  const partitionKey = announcedPartition(registry);
  return {
    registry,
    announced: { partitionKey, rowKey, columns: { ...columns, leaf } },
    waiting: { partitionKey, rowKey: waitingKey(recordedAt, rowKey), columns: { leaf } },
  };
}

/** Announcements cut so that each portion fits in a transaction. */
function portionsOf(all: readonly Announcement[]): readonly (readonly Announcement[])[] {
  const portions: Announcement[][] = [];
  let room = 0;
  for (const each of all) {
    const length = 2 * String(each.waiting.columns['leaf']).length;
    const last = portions.at(-1);
    if (last === undefined || last.length === maxRows / 2 || length > room) {
      portions.push([each]);
      room = maxCharacters - length;
    } else {
      last.push(each);
      room -= length;
    }
  }
  return portions;
}
