import { AuditFault } from '../audit/fault.ts';
import { type Attribution, attributionJson, readAttribution } from '../history/attribution.ts';
import type { ChangeKind, Ending, Entry } from '../history/entry.ts';
import type { Fact, FactSource } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import { parseDigest } from '../registry/digest.ts';
import { instantOf } from './keys.ts';
import type { Columns, StoredRow } from './row.ts';

/** The columns of an entry, the same in all three places it is kept. Its instant is in the row's key. */
export function entryColumns(entry: Entry): Columns {
  const { fact, kind, previousDigest, replicaOf, locations, until } = entry;
  return {
    kind,
    prev: previousDigest,
    replicaOf,
    locations: locations.length === 0 ? undefined : locations.join(),
    until: until && endingText(until),
    ...factColumns(fact),
  };
}

function factColumns(fact: Fact): Columns {
  return {
    action: fact.action,
    tag: fact.tag,
    digest: fact.digest,
    notBefore: fact.notBefore === undefined ? undefined : timeText(fact.notBefore),
    recordedAt: timeText(fact.recordedAt),
    source: fact.source,
    eventId: fact.eventId === fact.at.id ? undefined : fact.eventId,
    userAgent: fact.client.userAgent,
    address: fact.client.address,
    actor: fact.client.actor,
    mediaType: fact.mediaType,
    size: fact.size,
    location: fact.location,
    requestId: fact.requestId,
    notes: fact.notes === undefined || fact.notes.length === 0 ? undefined : JSON.stringify(fact.notes),
    attribution: fact.attribution && attributionText(fact.attribution),
  };
}

/** Reads an entry's row; throws a permanent {@link AuditFault} when the row isn't one of ours. */
export function readEntryRow(row: StoredRow): Entry {
  const text = (name: string) => textOf(row, name);
  const at = instantOf(row.rowKey);
  const digest = parseDigest(text('digest') ?? '');
  const recordedAt = readTime(text('recordedAt'));
  const action = text('action');
  const kind = text('kind');
  const source = text('source');
  if (
    at === undefined ||
    digest === undefined ||
    recordedAt === undefined ||
    (action !== 'push' && action !== 'delete' && action !== 'untag') ||
    !isKind(kind) ||
    !isSource(source)
  ) {
    throw corrupt(row);
  }
  const previousDigest = parseDigest(text('prev') ?? '');
  const size = countIn(row, 'size');
  const notes = jsonIn(row, 'notes');
  const notBefore = readTime(text('notBefore'));
  const until = readEnding(text('until'));
  const attribution = jsonIn(row, 'attribution');
  const fact: Fact = {
    at,
    action,
    digest,
    recordedAt,
    source,
    eventId: text('eventId') ?? at.id,
    client: {
      ...optional('userAgent', text('userAgent')),
      ...optional('address', text('address')),
      ...optional('actor', text('actor')),
    },
    ...optional('tag', text('tag')),
    ...optional('notBefore', notBefore),
    ...optional('mediaType', text('mediaType')),
    ...optional('size', size),
    ...optional('location', text('location')),
    ...optional('requestId', text('requestId')),
    ...optional('notes', notes === null ? undefined : readNotes(notes)),
    ...optional('attribution', attribution === null ? undefined : attributionIn(attribution, row)),
  };
  return {
    fact,
    kind,
    locations: text('locations')?.split(',') ?? [],
    ...optional('previousDigest', previousDigest),
    ...optional('replicaOf', text('replicaOf')),
    ...optional('until', until),
  };
}

/** A column as text, or `undefined`. */
export function textOf(row: StoredRow, name: string): string | undefined {
  const value = row.columns[name];
  return typeof value === 'string' ? value : undefined;
}

/** A column's JSON, or `null` when it has none; throws a permanent {@link AuditFault} when it is none. */
export function jsonIn(row: StoredRow, name: string): unknown {
  try {
    return JSON.parse(textOf(row, name) ?? 'null');
  } catch {
    throw corrupt(row);
  }
}

/** A column's whole number, 0 or more, or `undefined`; throws a permanent {@link AuditFault} when it is none. */
export function countIn(row: StoredRow, name: string): number | undefined {
  const text = textOf(row, name);
  if (text === undefined) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw corrupt(row);
  return count;
}

/** The property, or nothing when it has no value. */
export function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  const property: { [P in K]?: V } = {};
  if (value !== undefined) property[name] = value;
  return property;
}

/** RFC 3339 in UTC with milliseconds. */
export function timeText(time: number): string {
  return new Date(time).toISOString();
}

/** Epoch milliseconds of a stored time, or `undefined`. */
export function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** An instant as one column. */
export function instantText({ time, id }: Instant): string {
  return `${timeText(time)}|${id}`;
}

/** An ending as one column: its instant, and the time before which it was not. */
export function endingText(ending: Ending): string {
  const { notBefore } = ending;
  return notBefore === undefined ? instantText(ending) : `${instantText(ending)}|${timeText(notBefore)}`;
}

function readEnding(text: string | undefined): Ending | undefined {
  const instant = readInstant(text);
  return instant && { ...instant, ...optional('notBefore', readTime(text?.split('|')[2])) };
}

/** The instant of a column, or `undefined`. */
export function readInstant(text: string | undefined): Instant | undefined {
  const [timePart, id] = text?.split('|') ?? [];
  const time = readTime(timePart);
  return time === undefined || id === undefined ? undefined : { time, id };
}

/** The fault of a row that isn't of the shape this version writes. */
export function corrupt(row: Pick<StoredRow, 'partitionKey' | 'rowKey'>): AuditFault {
  return new AuditFault('corrupt-row', `row ${row.partitionKey} ${row.rowKey} is not readable`, {
    retryable: false,
  });
}

/** Who did what an entry tells, as one column. */
export function attributionText(attribution: Attribution): string {
  return JSON.stringify(attributionJson(attribution));
}

function attributionIn(json: unknown, row: StoredRow): Attribution {
  const attribution = readAttribution(json);
  if (attribution === undefined) throw corrupt(row);
  return attribution;
}

function readNotes(notes: unknown): readonly string[] {
  return Array.isArray(notes) ? notes.filter((note) => typeof note === 'string') : [];
}

const kinds: readonly ChangeKind[] = ['created', 'moved', 'unchanged', 'restored', 'deleted', 'untagged'];
const sources: readonly FactSource[] = ['event', 'reconcile', 'backfill'];

function isKind(text: string | undefined): text is ChangeKind {
  return kinds.some((kind) => kind === text);
}

function isSource(text: string | undefined): text is FactSource {
  return sources.some((source) => source === text);
}
