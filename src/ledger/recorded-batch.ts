import { type BatchStatement, batchKind } from './batch-closing.ts';

/** One of the entries that a batch ends with. */
export interface RecordedBatch extends BatchStatement {
  /** Its place among those entries, from 0. */
  readonly part: number;
}

/** Reads an entry that a batch ends with, or `undefined` when it isn't one. */
export function readBatch(text: string): RecordedBatch | undefined {
  const entry = parsed(text);
  if (entry === undefined) return undefined;
  const { version, kind, recordId, registry, from, records, sealedAt, horizons, ...others } = entry;
  if (version !== 1 || kind !== batchKind || Object.keys(others).length > 0) return undefined;
  if (typeof recordId !== 'string' || typeof registry !== 'string') return undefined;
  if (!isCount(from) || !isCount(records)) return undefined;
  const [, begin, part] = /^batch-(0|[1-9]\d{0,15})-(0|[1-9]\d{0,3})$/.exec(recordId) ?? [];
  const sealed = timeOf(sealedAt);
  if (begin !== String(from) || part === undefined || sealed === undefined || !isObject(horizons)) {
    return undefined;
  }
  const stated = Object.entries(horizons).map(([repository, time]) => ({
    repository,
    comparedAt: timeOf(time),
  }));
  const known = stated.flatMap(({ repository, comparedAt }) =>
    comparedAt === undefined ? [] : [{ repository, comparedAt }],
  );
  if (known.length < stated.length) return undefined;
  return { registry, from, records, sealedAt: sealed, horizons: known, part: Number(part) };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Epoch milliseconds of a time as batches write it, in this form alone. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) || new Date(time).toISOString() !== value ? undefined : time;
}
