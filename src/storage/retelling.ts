import { joined } from '../audit/joined.ts';
import type { BeginRetelling } from '../audit/rebuild-repository.ts';
import { attributedBy } from '../history/attribution-plan.ts';
import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { compareInstants, type Instant, isSameInstant } from '../history/instant.ts';
import { consequencesOf } from '../history/statement-plan.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { transactionsOf } from './change-operations.ts';
import { correctionsOf, derivedPrefixes, differenceOf, type RowDifference } from './derived-rows.ts';
import { attributionText } from './entry-codec.ts';
import { historyReader, historyWriter } from './history-store.ts';
import { digestPlaceKey, instantOf, keysUnder, recordKey, repositoryKey } from './keys.ts';
import { outbox } from './outbox.ts';
import { type Columns, rowsOf, type StoredRow, type Table } from './row.ts';
import { type ScratchTable, scratchTable } from './scratch-table.ts';
import { recordsOldestFirst, statementsOldestFirst } from './stored-records.ts';
import type { Tables } from './tables.ts';

/** Notes looked up or written at once. */
const mostAtOnce = 32;

type RetellingTables = Pick<Tables, 'repositories' | 'digests' | 'log'>;

/**
 * Tells a repository again into memory and compares it with its rows in the `repositories` and `digests` tables. What is
 * told is held, one repository at a time; what is stored is read through once a comparison.
 */
export function retellings({ repositories, digests, log }: RetellingTables): BeginRetelling {
  const { announced } = outbox(log);

  return (repository, unfinished) => {
    const partitionKey = repositoryKey(repository);
    const scratch = scratchTable(partitionKey);
    const notes = digestNotes(digests, repository);
    const suspects = new Map(unfinished.map((at) => [recordKey(at), at]));
    let rows: readonly RowDifference[] = [];
    let unnoted: readonly Digest[] = [];
    let headEtags = new Map<string, string>();
    const told = new Set<string>();
    /** Who did what a record tells, by the record's key. */
    const attributions = new Map<string, string>();

    /** Tells the statements that weren't told yet, and counts them. What follows from one is all that is kept. */
    async function tellStatements(): Promise<number> {
      const before = told.size;
      const untold = statementsOldestFirst(repositories, repository, (rowKey) => told.has(rowKey));
      for await (const { rowKey, statement } of untold) {
        told.add(rowKey);
        const attributed = attributedBy(statement);
        if (attributed !== undefined) {
          attributions.set(recordKey(attributed.of), attributionText(attributed.attribution));
        }
        for (const operation of transactionsOf(partitionKey, consequencesOf(statement)).flat()) {
          // One by one: a state that is to be removed need not be there.
          await scratch.transact([operation]);
        }
      }
      return told.size - before;
    }

    /** What was told of a row. Nothing is told from who did it, so that it is only added to what tells the record. */
    function columnsOf(rowKey: string): Columns | undefined {
      const columns = scratch.columnsOf(rowKey);
      const at = /^[EDT]\|/.test(rowKey) ? instantOf(rowKey) : undefined;
      const attribution = at && attributions.get(recordKey(at));
      return columns === undefined || attribution === undefined ? columns : { ...columns, attribution };
    }

    async function unfinishedRecords(): Promise<AuditRecord[]> {
      const records: AuditRecord[] = [];
      for (const [key, at] of suspects) {
        const record = scratch.has(key) ? undefined : await announced(repository, at);
        if (record !== undefined) records.push(record);
      }
      suspects.clear();
      return records.sort((a, b) => compareInstants(a.fact.at, b.fact.at));
    }

    return {
      reader: historyReader(scratch),
      // The notes are made when what is told is stored.
      writer: { ...historyWriter(scratch, scratch), noteDigest: async () => {} },
      isTold: (at) => scratch.has(recordKey(at)),
      async *untold() {
        const recorded = recordsOldestFirst(repositories, repository, scratch.has);
        yield* inOrder(recorded, await unfinishedRecords());
      },
      async differences() {
        await tellStatements();
        do {
          headEtags = new Map();
          rows = await Array.fromAsync(
            rowDifferences(repositories, partitionKey, { keys: scratch.keys, columnsOf }, headEtags),
          );
          // One that came meanwhile may be all the difference there is.
        } while ((await tellStatements()) > 0);
        unnoted = await notes.missing(scratch);
        for (const { row, is } of rows) {
          // Rows that a record being told in several transactions has written already, and its own row not yet.
          const at = is === 'unfounded' ? instantIn(row) : undefined;
          if (at !== undefined && !scratch.has(recordKey(at))) suspects.set(recordKey(at), at);
        }
        return [
          ...rows.map(({ row, is }) => ({ row, is })),
          ...unnoted.map((row) => ({ row, is: 'missing' as const })),
        ];
      },
      async putRight() {
        for (const operations of correctionsOf(partitionKey, rows, headEtags)) {
          // A conflict is found by the next comparison.
          await repositories.transact(operations);
        }
        await notes.make(unnoted);
      },
    };
  };
}

/** What is recorded, with the unfinished among it in the order of time; one that is recorded by now comes once. */
async function* inOrder(
  recorded: AsyncIterable<AuditRecord>,
  unfinished: readonly AuditRecord[],
): AsyncGenerator<AuditRecord> {
  let next = 0;
  for await (const record of recorded) {
    for (let other = unfinished[next]; other; other = unfinished[next]) {
      if (compareInstants(other.fact.at, record.fact.at) > 0) break;
      next += 1;
      if (!isSameInstant(other.fact.at, record.fact.at)) yield other;
    }
    yield record;
  }
  yield* unfinished.slice(next);
}

/** Compares row by row in the order of keys, and notes the ETags of the heads. */
async function* rowDifferences(
  repositories: Table,
  partitionKey: string,
  told: Pick<ScratchTable, 'keys' | 'columnsOf'>,
  headEtags: Map<string, string>,
): AsyncGenerator<RowDifference> {
  async function* stored(): AsyncGenerator<StoredRow> {
    for (const prefix of derivedPrefixes) {
      yield* rowsOf(repositories, { partitionKey, ...keysUnder(prefix) });
    }
  }
  async function* toldKeys(): AsyncGenerator<string> {
    yield* told.keys();
  }
  const keyOf = ({ rowKey }: StoredRow) => rowKey;
  for await (const { key, left } of joined(stored(), keyOf, toldKeys(), (rowKey) => rowKey)) {
    if (left !== undefined && /^(?:t\||m\|[^|]+$)/.test(key)) headEtags.set(key, left.etag);
    const difference = differenceOf(partitionKey, key, left, told.columnsOf(key));
    if (difference !== undefined) yield difference;
  }
}

/** The instant in the key of a timeline's entry. */
function instantIn(rowKey: string): Instant | undefined {
  return /^[TD]\|/.test(rowKey) ? instantOf(rowKey) : undefined;
}

/** The notes of a repository's digests in the `digests` table. */
function digestNotes(digests: Table, repository: RepositoryId) {
  const noted = new Set<Digest>();

  const rowOf = (digest: Digest) => ({
    partitionKey: digest,
    rowKey: digestPlaceKey(digest, repository),
    columns: {},
  });

  async function isNoted(digest: Digest): Promise<boolean> {
    const row = await digests.get(digest, digestPlaceKey(digest, repository));
    return row !== undefined && Object.keys(row.columns).length === 0;
  }

  return {
    /** Digests told of without a note. Nobody removes a note, so each is looked for until it was found. */
    async missing(scratch: ScratchTable): Promise<readonly Digest[]> {
      const told = scratch.keys().flatMap((key) => {
        const digest = parseDigest(/^m\|([^|]+)$/.exec(key)?.[1] ?? '');
        return digest === undefined || noted.has(digest) ? [] : [digest];
      });
      for (const some of slicesOf(told)) {
        const answers = await Promise.all(some.map(isNoted));
        for (const digest of some.filter((_, index) => answers[index])) noted.add(digest);
      }
      return told.filter((digest) => !noted.has(digest));
    },
    async make(some: readonly Digest[]): Promise<void> {
      for (const slice of slicesOf(some)) {
        await Promise.all(slice.map((digest) => digests.put(rowOf(digest))));
      }
    },
  };
}

function slicesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / mostAtOnce);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * mostAtOnce, (index + 1) * mostAtOnce),
  );
}
