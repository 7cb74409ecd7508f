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

/** `recordFact` over the given tables. */
export function recorderOver({ repositories, digests, log }: HistoryTables) {
  return recordFact({
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
  });
}
