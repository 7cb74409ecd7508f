import type { AuditRecord, Fact } from '../../src/history/fact.ts';
import type { Statement } from '../../src/history/statement.ts';
import { canonicalRecord, canonicalStatement } from '../../src/ledger/canonical-record.ts';
import { type EvidenceLeaf, type EvidenceRef, readEvidenceLeaf } from '../../src/ledger/evidence-leaf.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { epoch, fact, recordOf } from './facts.ts';

/** A statement about `contoso.azurecr.io/team/app` at `minute` minutes after {@link epoch}; its id is its name. */
export function statementOf(
  name: string,
  minute: number,
  kind: string,
  more: Partial<Statement> = {},
): Statement {
  const time = epoch + Math.round(minute * 60_000);
  return {
    registry: 'contoso.azurecr.io',
    repository: 'team/app',
    at: { time, id: name },
    recordedAt: time,
    kind,
    content: {},
    ...more,
  };
}

/** A record as a pack has it: read from its canonical text. */
export function evidenceLeaf(record: AuditRecord | Statement, ref: EvidenceRef): EvidenceLeaf {
  const leaf = readEvidenceLeaf('fact' in record ? canonicalRecord(record) : canonicalStatement(record), ref);
  if (leaf === undefined) throw new Error(`record ${ref} cannot be read`);
  return leaf;
}

/** A fact as a pack has it. */
export function factLeaf(ref: EvidenceRef, minute: number, what: Partial<Fact> & { digest: Digest }) {
  return evidenceLeaf(recordOf(fact(`fact-${ref}`, minute, what)), ref);
}

/** A statement as a pack has it. */
export function statementLeaf(ref: EvidenceRef, minute: number, kind: string, more: Partial<Statement> = {}) {
  return evidenceLeaf(statementOf(`statement-${ref}`, minute, kind, more), ref);
}
