import type { Instant } from '../history/instant.ts';
import { canonicalRecord } from '../ledger/canonical-record.ts';
import type { RecordName } from '../ledger/record-index.ts';
import { readLeaf, readStatement } from '../ledger/recorded-leaf.ts';
import type { PresentPlace, RecordRow, RecordRows } from '../ledger/row-comparison.ts';
import { optional, textOf } from './entry-codec.ts';
import {
  announcedKey,
  announcedPartition,
  announcedStatementKey,
  instantOf,
  keysUnder,
  readAnnouncedKey,
  readAnnouncedStatementKey,
  readSealedKey,
  repositoryKey,
  sealedRows,
  statementKey,
  waitingKey,
} from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';
import { recordedFact } from './stored-records.ts';

export interface LedgerRowTables {
  readonly log: Table;
  readonly repositories: Table;
  /** The repositories of the registry that have rows. */
  repositoriesOf(registry: string): AsyncIterable<string>;
}

/** The rows of a registry that tell of sealed records: those of the outbox, and of the repositories. */
export function ledgerRows(
  { log, repositories, repositoriesOf }: LedgerRowTables,
  registry: string,
): RecordRows {
  const partitionKey = announcedPartition(registry);

  async function* announced(): AsyncGenerator<RecordRow> {
    // Facts come first, then everything that begins with a tilde.
    for await (const row of rowsOf(log, { partitionKey, from: '0', before: '~' })) {
      const place = readAnnouncedKey(row.rowKey);
      const record = readLeaf(textOf(row, 'leaf') ?? '');
      const isSame =
        record !== undefined &&
        record.registry === registry &&
        announcedKey(record.fact.at, record.repository) === row.rowKey;
      yield announcedRow(row, place, isSame);
    }
    for await (const row of rowsOf(log, { partitionKey, from: '~s|', before: '~s|~' })) {
      const place = readAnnouncedStatementKey(row.rowKey);
      const statement = readStatement(textOf(row, 'leaf') ?? '');
      const isSame =
        statement !== undefined &&
        statement.registry === registry &&
        announcedStatementKey(statement.at, statement.repository) === row.rowKey;
      yield announcedRow(row, place, isSame);
    }
    for await (const row of rowsOf(log, { partitionKey, ...keysUnder(sealedRows) })) {
      yield {
        role: 'place',
        path: pathOf('log', row),
        ...nameOf(readSealedKey(row.rowKey)),
        ...logIndexOf(row),
      };
    }
  }

  async function* recordedIn(repository: string): AsyncGenerator<RecordRow> {
    const place = repositoryKey({ registry, repository });
    for await (const row of rowsOf(repositories, { partitionKey: place, ...keysUnder('E|') })) {
      const at = instantOf(row.rowKey);
      const fact = readable(() => recordedFact(row));
      const leaf = fact && readable(() => canonicalRecord({ registry, repository, fact }));
      yield {
        role: 'recorded',
        path: pathOf('repositories', row),
        ...nameOf(at && { repository, at }),
        ...optional('leaf', leaf),
      };
    }
    for await (const row of rowsOf(repositories, { partitionKey: place, ...keysUnder('S|') })) {
      const at = instantOf(row.rowKey);
      const leaf = textOf(row, 'leaf');
      const statement = readStatement(leaf ?? '');
      const isSame =
        statement !== undefined &&
        statement.registry === registry &&
        statement.repository === repository &&
        statementKey(statement.at) === row.rowKey;
      yield {
        role: 'recorded',
        path: pathOf('repositories', row),
        ...nameOf(at && { repository, at }),
        ...optional('leaf', isSame ? leaf : undefined),
      };
    }
  }

  return {
    async *all() {
      yield* announced();
      for await (const repository of repositoriesOf(registry)) yield* recordedIn(repository);
    },
    async present({ leaf }): Promise<PresentPlace> {
      const told = placeOf(leaf ?? '');
      if (told === undefined) return { isWaiting: false };
      const { key, recordedAt } = told;
      const [waiting, row] = await Promise.all([
        log.get(partitionKey, waitingKey(recordedAt, key)),
        log.get(partitionKey, key),
      ]);
      return { isWaiting: textOf(waiting ?? noRow, 'leaf') === leaf, ...(row && logIndexOf(row)) };
    },
  };
}

const noRow: StoredRow = { partitionKey: '', rowKey: '', etag: '', columns: {} };

interface Place {
  readonly repository: string;
  readonly at: Instant;
}

/** The name of what a key tells; that of no record where it tells nothing. */
function nameOf(place: Place | undefined): RecordName {
  const { id = '', time = 0 } = place?.at ?? {};
  return { repository: place?.repository ?? '', recordId: id, occurredAt: time };
}

function announcedRow(row: StoredRow, place: Place | undefined, isSame: boolean): RecordRow {
  return {
    role: 'announced',
    path: pathOf('log', row),
    ...nameOf(place),
    ...optional('leaf', isSame ? textOf(row, 'leaf') : undefined),
    ...logIndexOf(row),
  };
}

function pathOf(table: string, { partitionKey, rowKey }: StoredRow): string {
  return `${table} ${partitionKey} ${rowKey}`;
}

function logIndexOf(row: StoredRow): { logIndex?: number } {
  const text = textOf(row, 'logIndex');
  // What is no number is the place of no entry.
  return optional('logIndex', text === undefined ? undefined : /^\d{1,15}$/.test(text) ? Number(text) : -1);
}

/** Under which key a leaf was announced, and when it was recorded. */
function placeOf(leaf: string): { readonly key: string; readonly recordedAt: number } | undefined {
  const record = readLeaf(leaf);
  if (record !== undefined) {
    const { at, recordedAt } = record.fact;
    return readable(() => ({ key: announcedKey(at, record.repository), recordedAt }));
  }
  const statement = readStatement(leaf);
  if (statement === undefined) return undefined;
  const { at, recordedAt, repository } = statement;
  return readable(() => ({ key: announcedStatementKey(at, repository), recordedAt }));
}

/** What is made of a row, or `undefined` where that cannot be: a row that was edited may hold anything. */
function readable<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
