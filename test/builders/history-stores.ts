import { recordFact } from '../../src/audit/record-fact.ts';
import { historyReader, historyWriter } from '../../src/storage/history-store.ts';
import { outbox } from '../../src/storage/outbox.ts';
import type { Table } from '../../src/storage/row.ts';

/** The tables that history is kept in. */
export interface HistoryTables {
  readonly repositories: Table;
  readonly digests: Table;
  readonly log: Table;
}

/** The stores of history over the given tables. */
export function storesOver({ repositories, digests, log }: HistoryTables) {
  return {
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
  };
}

/** `recordFact` over the given tables. */
export function recorderOver(tables: HistoryTables) {
  return recordFact(storesOver(tables));
}
