import * as z from 'zod/mini';
import { concurrently } from '../audit/concurrently.ts';
import type {
  LedgerHead,
  LedgerLog,
  PendingRecord,
  PendingRecords,
  SealedPlace,
  SealIntent,
} from '../audit/ledger-ports.ts';
import { corrupt, optional, readTime, textOf, timeText } from './entry-codec.ts';
import {
  announcedPartition,
  comparedPartition,
  intentKey,
  keysUnder,
  logPartition,
  readAnnouncedKey,
  readAnnouncedStatementKey,
  readRepositoryKey,
  readSealedKey,
  readWaitingKey,
  recordKey,
  repositoryKey,
  sealedKey,
  sealedRecords,
  statementKey,
  waitingRecords,
} from './keys.ts';
import { type Columns, type Operation, rowsOf, type StoredRow, type Table } from './row.ts';

/** Records marked by a transaction of a hundred rows: three of each. */
const mostMarked = 33;
const mostMarkedAtOnce = 4;
/** Repositories asked at once which of their records are there. */
const mostReadAtOnce = 16;
const mostStated = 100;

/** Milliseconds after which what isn't recorded won't be: its run was cut off, or lost a race. */
const givenUpAfter = 3_600_000;

/** Waiting records looked through for one of an id. */
const mostLookedThrough = 1_000;

const headKey = 'head';

/** The rows of a log in the `log` table; whether what is to be recorded is, is told by `repositories`. */
export function ledgerLog(log: Table, repositories: Table): LedgerLog {
  /**
   * Of some that wait, those that are recorded: one range query for each repository and kind of row, many at once, since a
   * thousand records may be of hundreds of repositories.
   */
  async function recorded(registry: string, some: readonly Waiting[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const groups = Map.groupBy(some, ({ repository, row }) => `${row.slice(0, 1)} ${repository}`);
    await concurrently(groups.values(), mostReadAtOnce, async (group) => {
      const partitionKey = repositoryKey({ registry, repository: group[0]?.repository ?? '' });
      const keys = new Map(group.map(({ key, row }) => [row, key]));
      const sorted = [...keys.keys()].sort();
      const range = { partitionKey, from: sorted[0] ?? '', before: `${sorted.at(-1)} `, select: [] };
      for await (const { rowKey } of rowsOf(repositories, range)) {
        const key = keys.get(rowKey);
        if (key !== undefined) found.add(key);
      }
    });
    return found;
  }

  async function markSome(registry: string, places: readonly SealedPlace[]): Promise<void> {
    const operations = places.flatMap((place) => markOperations(registry, place));
    if (operations.length === 0 || (await log.transact(operations)) === 'committed') return;
    // Another sealer marked some: those that still wait are left.
    const waiting = new Set(
      (
        await pendingOf(
          registry,
          places.map(({ key }) => key),
        )
      ).map(({ key }) => key),
    );
    const left = places.filter(({ key }) => waiting.has(key));
    if (left.length === places.length && places.length === 1)
      throw corrupt(waitingRow(registry, places[0]?.key ?? ''));
    for (const place of left) await markSome(registry, [place]);
  }

  async function pendingOf(registry: string, keys: readonly string[]): Promise<readonly PendingRecord[]> {
    if (keys.length === 0) return [];
    const wanted = new Set(keys);
    const sorted = [...keys].sort();
    const partitionKey = announcedPartition(registry);
    const range = { partitionKey, from: sorted[0] ?? '', before: `${sorted.at(-1)} ` };
    const found: PendingRecord[] = [];
    for await (const row of rowsOf(log, range)) {
      if (wanted.has(row.rowKey)) found.push(pendingRecord(row));
    }
    return found;
  }

  return {
    pendingOf,

    async head(registry) {
      const row = await log.get(logPartition(registry), headKey);
      return row && readHead(row);
    },

    async setHead(registry, head) {
      const row = { partitionKey: logPartition(registry), rowKey: headKey, columns: headColumns(head) };
      if (head.version === undefined) return (await log.insert(row)) === 'inserted' ? 'set' : 'conflict';
      const outcome = await log.transact([{ operation: 'replace', row, over: head.version }]);
      return outcome === 'committed' ? 'set' : 'conflict';
    },

    async pending(registry, limit, now): Promise<PendingRecords> {
      const ready: PendingRecord[] = [];
      const refused: PendingRecord[] = [];
      const range = { partitionKey: announcedPartition(registry), ...keysUnder(waitingRecords) };
      let some: PendingRecord[] = [];
      const sort = async () => {
        const unsure = some.map(waitingUntilRecorded).filter((waiting) => waiting !== undefined);
        const there = await recorded(registry, unsure);
        const absent = new Map(
          unsure.filter(({ key }) => !there.has(key)).map(({ key, since }) => [key, since]),
        );
        for (const record of some) {
          const since = absent.get(record.key);
          if (since === undefined) ready.push(record);
          else if (now - since >= givenUpAfter) refused.push(record);
        }
        some = [];
      };
      for await (const row of rowsOf(log, range, Math.min(limit, 1_000))) {
        some.push(pendingRecord(row));
        if (some.length < limit) continue;
        await sort();
        if (ready.length >= limit) break;
      }
      await sort();
      return { ready: ready.slice(0, limit), refused };
    },

    async intent(registry, from) {
      const row = await log.get(logPartition(registry), intentKey(from));
      return row && readIntent(row, from);
    },

    async intend(registry, intent) {
      const row = {
        partitionKey: logPartition(registry),
        rowKey: intentKey(intent.from),
        columns: intentColumns(intent),
      };
      return (await log.insert(row)) === 'inserted' ? 'intended' : 'there';
    },

    async mark(registry, places) {
      const portions = inPortions(places, mostMarked);
      for (const some of inPortions(portions, mostMarkedAtOnce)) {
        await Promise.all(some.map((portion) => markSome(registry, portion)));
      }
    },

    finish: (registry, from) =>
      log.put({
        partitionKey: logPartition(registry),
        rowKey: intentKey(from),
        columns: intentColumns({ from, keys: [], closing: [], done: true }),
      }),

    async discard(registry, refused) {
      for (const record of refused) {
        const waiting = waitingUntilRecorded(record);
        if (waiting === undefined) continue;
        const { key, announced, leaf } = waiting;
        const partitionKey = announcedPartition(registry);
        const rows = [announced, key].map((rowKey) => ({ partitionKey, rowKey }));
        await log.transact(rows.map((row) => ({ operation: 'remove', row })));
        // Recorded in the meantime after all: it goes on waiting, unless another saw it in time, and it is there.
        if ((await recorded(registry, [waiting])).size === 0) continue;
        await log.transact(rows.map((row) => ({ operation: 'insert', row: { ...row, columns: { leaf } } })));
      }
    },

    async sealed(registry, recordId) {
      const range = { partitionKey: announcedPartition(registry), ...keysUnder(sealedRecords(recordId)) };
      const rows = await Array.fromAsync(rowsOf(log, range));
      return rows.map((row) => {
        const index = countForm.safeParse(textOf(row, 'logIndex'));
        const place = readSealedKey(row.rowKey);
        if (!index.success || place === undefined) throw corrupt(row);
        return { recordId, repository: place.repository, time: place.at.time, index: index.data };
      });
    },

    async waits(registry, recordId) {
      const range = { partitionKey: announcedPartition(registry), ...keysUnder(waitingRecords), select: [] };
      const { rows } = await log.page(range, mostLookedThrough);
      return rows.some(({ rowKey }) => rowKey.split('|').includes(recordId));
    },

    async horizons(registry, limit) {
      const partitionKey = comparedPartition(registry);
      const { rows } = await log.page({ partitionKey, ...keysUnder(''), filter: 'stated eq false' }, limit);
      return rows.map((row) => {
        const place = readRepositoryKey(row.rowKey);
        const comparedAt = readTime(textOf(row, 'at'));
        if (place === undefined || comparedAt === undefined) throw corrupt(row);
        return { repository: place.repository, comparedAt, version: row.etag };
      });
    },

    async stated(registry, horizons) {
      const partitionKey = comparedPartition(registry);
      const operations = horizons.map(({ repository, version }): Operation => {
        const rowKey = repositoryKey({ registry, repository });
        const row = { partitionKey, rowKey, columns: { stated: true } };
        return { operation: 'merge', row, over: version };
      });
      for (const some of inPortions(operations, mostStated)) {
        if ((await log.transact(some)) === 'committed') continue;
        // One has moved on: it is stated again, and the others are marked one by one.
        for (const operation of some) await log.transact([operation]);
      }
    },
  };
}

/** What is sealed only once it is recorded. */
interface Waiting extends PendingRecord {
  readonly repository: string;
  /** Key of its row in `repositories`, once it is recorded. */
  readonly row: string;
  /** Key under which it was announced. */
  readonly announced: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

/**
 * A statement, or a fact that a comparison found: a run that is cut off is not repeated as it was, and its next one tells
 * the same of another time. An event is delivered again until it is recorded, so it is sealed without asking.
 */
function waitingUntilRecorded({ key, leaf }: PendingRecord): Waiting | undefined {
  const waiting = readWaitingKey(key);
  if (waiting === undefined) return undefined;
  const { announced, recordedAt: since } = waiting;
  const statement = readAnnouncedStatementKey(announced);
  // In canonical JSON, quotes within a text are escaped: no value can say this.
  const found = leaf.includes('"source":"event"') ? undefined : readAnnouncedKey(announced);
  const place = statement ?? found;
  if (place === undefined) return undefined;
  const row = statement === undefined ? recordKey(place.at) : statementKey(place.at);
  return { key, leaf, repository: place.repository, row, announced, since };
}

function pendingRecord(row: StoredRow): PendingRecord {
  const leaf = textOf(row, 'leaf');
  if (leaf === undefined) throw corrupt(row);
  return { key: row.rowKey, leaf };
}

function waitingRow(registry: string, rowKey: string) {
  return { partitionKey: announcedPartition(registry), rowKey };
}

/** It no longer waits, it is at a place, and is found by its id: all of it or nothing. */
function markOperations(registry: string, { key, index }: SealedPlace): readonly Operation[] {
  const partitionKey = announcedPartition(registry);
  const waiting = readWaitingKey(key);
  const announced = waiting?.announced ?? '';
  const record = readAnnouncedStatementKey(announced) ?? readAnnouncedKey(announced);
  if (waiting === undefined || record === undefined) throw corrupt(waitingRow(registry, key));
  const columns = { logIndex: index };
  return [
    { operation: 'remove', row: { partitionKey, rowKey: key } },
    { operation: 'merge', row: { partitionKey, rowKey: waiting.announced, columns } },
    { operation: 'insert', row: { partitionKey, rowKey: sealedKey(record.at, record.repository), columns } },
  ];
}

const countForm = z.coerce.number().check(z.int(), z.nonnegative());
const witnessedForm = z.record(z.string(), z.int().check(z.nonnegative()));

function headColumns({ size, previousSize, checkpoint, sealedAt, witnessed }: LedgerHead): Columns {
  return {
    size,
    previousSize,
    sealedAt: timeText(sealedAt),
    witnessed: JSON.stringify(witnessed),
    ...optional('checkpoint', checkpoint),
  };
}

function readHead(row: StoredRow): LedgerHead {
  const size = countForm.safeParse(textOf(row, 'size'));
  const previousSize = countForm.safeParse(textOf(row, 'previousSize'));
  const sealedAt = readTime(textOf(row, 'sealedAt'));
  const witnessed = witnessedForm.safeParse(json(textOf(row, 'witnessed')));
  if (!size.success || !previousSize.success || sealedAt === undefined || !witnessed.success) {
    throw corrupt(row);
  }
  return {
    size: size.data,
    previousSize: previousSize.data,
    sealedAt,
    witnessed: witnessed.data,
    version: row.etag,
    ...optional('checkpoint', textOf(row, 'checkpoint')),
  };
}

/** Characters of one column: Table Storage takes 32,768. */
const columnLength = 30_000;

const intentForm = z.strictObject({
  keys: z.array(z.string()),
  closing: z.array(z.string()),
  done: z.boolean(),
});

function intentColumns({ keys, closing, done }: SealIntent): Columns {
  const text = JSON.stringify({ keys, closing, done });
  const count = Math.ceil(text.length / columnLength);
  return Object.fromEntries(
    Array.from({ length: count }, (_, piece) => [
      `intent${piece}`,
      text.slice(piece * columnLength, (piece + 1) * columnLength),
    ]),
  );
}

function readIntent(row: StoredRow, from: number): SealIntent {
  const pieces: string[] = [];
  for (
    let piece = textOf(row, 'intent0');
    piece !== undefined;
    piece = textOf(row, `intent${pieces.length}`)
  ) {
    pieces.push(piece);
  }
  const intent = intentForm.safeParse(json(pieces.join('')));
  if (!intent.success) throw corrupt(row);
  return { from, ...intent.data };
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

function inPortions<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, portion) =>
    all.slice(portion * size, (portion + 1) * size),
  );
}
