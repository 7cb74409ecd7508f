import type { AuditRecord } from '../history/fact.ts';
import { compareInstants, type Instant } from '../history/instant.ts';
import type { Statement } from '../history/statement.ts';
import { readLeaf, readStatement } from './recorded-leaf.ts';

/** Names a record in a pack: its index in the log, or, while it waits to be sealed, its id. */
export type EvidenceRef = number | string;

/** A record that a pack has, read from its canonical text. */
export type EvidenceLeaf = { readonly ref: EvidenceRef; readonly text: string } & (
  | { readonly type: 'fact'; readonly record: AuditRecord }
  | { readonly type: 'statement'; readonly record: Statement }
);

/** Reads a record's canonical text, or `undefined` when it is no fact and no statement. */
export function readEvidenceLeaf(text: string, ref: EvidenceRef): EvidenceLeaf | undefined {
  const fact = readLeaf(text);
  if (fact !== undefined) return { ref, text, type: 'fact', record: fact };
  const statement = readStatement(text);
  return statement && { ref, text, type: 'statement', record: statement };
}

/** The order in which a pack tells of records: as they happened. */
export function inOrder<T extends EvidenceLeaf>(leaves: readonly T[]): readonly T[] {
  return leaves.toSorted(
    (a, b) =>
      compareInstants(instantOfLeaf(a), instantOfLeaf(b)) ||
      compareTexts(a.record.repository, b.record.repository),
  );
}

/** When what a leaf tells happened; its id is the record's. */
export function instantOfLeaf(leaf: EvidenceLeaf): Instant {
  return leaf.type === 'fact' ? leaf.record.fact.at : leaf.record.at;
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
