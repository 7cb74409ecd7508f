import canonicalize from 'canonicalize';
import { canonicalRecord, canonicalStatement } from './canonical-record.ts';
import { LedgerProblem } from './ledger-problem.ts';
import type { RecordName } from './record-index.ts';
import { type RecordedBatch, readBatch } from './recorded-batch.ts';
import { readLeaf, readStatement } from './recorded-leaf.ts';

/** What an entry of a log is: a record of a registry, or what a batch says of itself. */
export type EntryContent =
  | ({ readonly kind: 'record'; readonly registry: string } & RecordName)
  | { readonly kind: 'batch'; readonly registry: string; readonly batch: RecordedBatch };

/**
 * Reads an entry, and holds it to the one text that its content has. Throws {@link LedgerProblem} `not-canonical` or
 * `unknown-shape`.
 */
export function readEntry(bytes: Uint8Array, index: number, path: string): EntryContent {
  const text = Buffer.from(bytes).toString();
  const content = Buffer.from(text).equals(bytes) ? contentOf(text) : undefined;
  if (content !== undefined) return content;
  const entry = { path, index, ...nameIn(text) };
  throw new LedgerProblem(
    isCanonical(text)
      ? { code: 'unknown-shape', message: `entry ${index} is neither a record nor a batch`, ...entry }
      : { code: 'not-canonical', message: `entry ${index} is not canonical JSON`, ...entry },
  );
}

/** By the first name of the text: names are in order, and each shape has another that comes first. */
function contentOf(text: string): EntryContent | undefined {
  if (text.startsWith('{"action":')) {
    const record = readLeaf(text);
    if (record === undefined || !isSame(text, () => canonicalRecord(record))) return undefined;
    const { registry, repository, fact } = record;
    return { kind: 'record', registry, repository, recordId: fact.at.id, occurredAt: fact.at.time };
  }
  if (text.startsWith('{"content":')) {
    const statement = readStatement(text);
    if (statement === undefined || !isSame(text, () => canonicalStatement(statement))) return undefined;
    const { registry, repository, at } = statement;
    return { kind: 'record', registry, repository, recordId: at.id, occurredAt: at.time };
  }
  const batch = readBatch(text);
  if (batch === undefined || !isCanonical(text)) return undefined;
  return { kind: 'batch', registry: batch.registry, batch };
}

/** The name that an entry seems to have, to tell of one that is not as it should be. */
export function nameIn(text: string): Partial<Omit<RecordName, 'occurredAt'>> {
  const named = (name: string) => {
    const [, value] = new RegExp(`"${name}":"([^"\\\\]{1,300})"`).exec(text) ?? [];
    return value === undefined ? {} : { [name]: value };
  };
  return { ...named('repository'), ...named('recordId') };
}

function isCanonical(text: string): boolean {
  return isSame(text, () => canonicalize(JSON.parse(text)));
}

/** Whether a text is what is made of it. What nothing can be made of is not: too deep, too long, no JSON at all. */
function isSame(text: string, make: () => string | undefined): boolean {
  try {
    return make() === text;
  } catch {
    return false;
  }
}
