import { nameIn } from './entry-content.ts';
import type { Problem, ProblemCode } from './ledger-problem.ts';
import { leafHash } from './merkle-tree.ts';
import type { FileReader } from './proof.ts';
import type { RecordIndex, RecordName } from './record-index.ts';
import { decodeEntries, entriesPath, tileWidth, widthOf } from './tile.ts';

/** A row that tells of a record. */
export interface RecordRow extends RecordName {
  /**
   * `announced`: the outbox's row, which stays. `recorded`: the audit record itself, or the statement. `place`: where in
   * the log the record is.
   */
  readonly role: 'announced' | 'recorded' | 'place';
  /** Table and keys, to be named by. */
  readonly path: string;
  /** The canonical text that follows from the row; absent where none does, and of places. */
  readonly leaf?: string;
  /** Where in the log the row says that its record is. */
  readonly logIndex?: number;
}

/** Whether a record waits to be sealed, or where it has been sealed since. */
export interface PresentPlace {
  readonly isWaiting: boolean;
  readonly logIndex?: number;
}

/** The rows of a registry. */
export interface RecordRows {
  all(): AsyncIterable<RecordRow>;
  /** What is so now of a row's record: rows are read while others are written. */
  present(row: RecordRow): Promise<PresentPlace>;
}

/** A log that was verified, to compare rows with. */
export interface VerifiedLog {
  readonly size: number;
  readonly records: RecordIndex;
  readonly read: FileReader;
  /**
   * The size that it has by now, where it is still written to: no row may say that it is further on. Absent for a copy, of
   * which that cannot be told.
   */
  sizeNow?(): Promise<number>;
}

/** What came of it. */
export interface RowVerdict {
  readonly ok: boolean;
  /** Rows that tell what the log tells. */
  readonly same: number;
  /** Rows whose records wait to be sealed: nothing is proven of them yet. */
  readonly waiting: number;
  /** Rows that say that they are entries after the log that is compared: only a newer one tells. */
  readonly later: number;
  /** Rows, and entries without one, that are not as they should be. */
  readonly wrong: number;
  /** The first of them. */
  readonly problems: readonly Problem[];
}

/** Problems told one by one; the others are counted. */
const mostProblems = 100;

const seen = { announced: 1, recorded: 2, place: 4, needsPlace: 8 } as const;

/**
 * Compares rows with a log: each tells what its entry says and where it is, none is without an entry unless it waits for
 * one, and no entry is without its rows. Rows are read once, in any order.
 */
export async function compareRows(log: VerifiedLog, rows: RecordRows): Promise<RowVerdict> {
  const problems: Problem[] = [];
  const marks = new Uint8Array(log.size);
  const counts = { same: 0, waiting: 0, later: 0 };
  let wrong = 0;

  function tell(problem: Problem): void {
    wrong += 1;
    if (problems.length < mostProblems) problems.push(problem);
  }

  for await (const row of rows.all()) {
    const outcome = await comparedRow(log, rows, row);
    if (typeof outcome === 'object') tell(outcome);
    else counts[outcome] += 1;
    const index = log.records.find(row);
    if (index === undefined || index >= log.size) continue;
    const needsPlace = row.role === 'announced' && row.logIndex !== undefined ? seen.needsPlace : 0;
    marks[index] = (marks[index] ?? 0) | seen[row.role] | needsPlace;
  }

  for (const [index, mark] of marks.entries()) {
    if (!log.records.has(index)) continue;
    for (const missing of missingRoles(mark)) {
      const message = `entry ${index} has no row ${missing}`;
      tell({
        code: 'row-missing',
        message,
        index,
        ...(wrong < mostProblems ? await nameAt(log, index) : {}),
      });
    }
  }
  return { ok: wrong === 0, ...counts, wrong, problems };
}

function missingRoles(mark: number): readonly string[] {
  return [
    ...((mark & seen.announced) === 0 ? ['in the outbox'] : []),
    ...((mark & seen.recorded) === 0 ? ['in its repository'] : []),
    ...((mark & seen.needsPlace) !== 0 && (mark & seen.place) === 0 ? ['that says where it is'] : []),
  ];
}

/** The name of the record at an index, as far as it can be read. */
async function nameAt(
  { size, read }: VerifiedLog,
  index: number,
): Promise<Partial<Omit<RecordName, 'occurredAt'>>> {
  const bundle = Math.floor(index / tileWidth);
  const width = widthOf(0, bundle, size);
  const entries = decodeEntries((await read(entriesPath(bundle, width))) ?? new Uint8Array(), width);
  return nameIn(Buffer.from(entries?.[index % tileWidth] ?? []).toString());
}

async function comparedRow(
  log: VerifiedLog,
  rows: RecordRows,
  row: RecordRow,
): Promise<'same' | 'waiting' | 'later' | Problem> {
  const { role, leaf, logIndex, path, repository, recordId } = row;
  const index = log.records.find(row);
  const problem = (code: ProblemCode, message: string): Problem => ({
    code,
    message,
    path,
    repository,
    recordId,
    ...(index === undefined ? {} : { index }),
  });

  if (role !== 'place' && leaf === undefined) return problem('row-differs', 'the row cannot be read');
  if (index === undefined) {
    const { isWaiting, logIndex: place = logIndex ?? -1 } = await rows.present(row);
    if (isWaiting) return 'waiting';
    if (place >= log.size && place < ((await log.sizeNow?.()) ?? Number.POSITIVE_INFINITY)) return 'later';
    return problem('row-extra', 'the row has no entry in the log, and does not wait for one');
  }
  if (leaf !== undefined && !log.records.isLeafAt(index, leafHash(Buffer.from(leaf)))) {
    return problem('row-differs', `the row says something else than entry ${index}`);
  }
  if (logIndex !== undefined && logIndex !== index) {
    return problem('row-differs', `the row says that it is entry ${logIndex}, and it is ${index}`);
  }
  if (role !== 'announced' || logIndex !== undefined) return 'same';
  const { isWaiting, logIndex: place } = await rows.present(row);
  // Sealed and not yet marked, or marked since the row was read.
  if (isWaiting || place === index) return 'same';
  return problem('row-differs', `the row neither waits nor says that it is entry ${index}`);
}
