import canonicalize from 'canonicalize';
import type { AuditRecord } from '../history/fact.ts';
import type { JsonContent, Statement } from '../history/statement.ts';

/** The version of the leaf's layout; a change of layout is a new number, old leaves keep theirs. */
const leafVersion = 1;

/** The most UTF-16 units of a leaf: a text column of Table Storage holds 32 Ki of them. */
const maxLeafLength = 32 * 1024;

/**
 * The canonical text of an audit record, the ledger's leaf: RFC 8785 JSON, so that whoever holds the record's fields can
 * make the same bytes. Times are RFC 3339 in UTC. Who did it is learned later and stated by itself.
 */
export function canonicalRecord({ registry, repository, fact }: AuditRecord): string {
  const { at, notBefore, recordedAt, client, attribution: _, ...others } = fact;
  return canonical({
    version: leafVersion,
    recordId: at.id,
    registry,
    repository,
    ...others,
    occurredAt: new Date(at.time).toISOString(),
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore).toISOString() }),
    recordedAt: new Date(recordedAt).toISOString(),
    ...(Object.keys(client).length === 0 ? {} : { client }),
  });
}

/**
 * The canonical text of a statement: as {@link canonicalRecord}, told apart by `kind` where a fact has `action`.
 * Throws RangeError when the content is more than a leaf can hold.
 */
export function canonicalStatement(statement: Statement): string {
  const { registry, repository, at, notBefore, recordedAt, kind, content, states } = statement;
  const text = canonical({
    version: leafVersion,
    recordId: at.id,
    registry,
    repository,
    kind,
    content,
    ...(states === undefined ? {} : { states }),
    occurredAt: new Date(at.time).toISOString(),
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore).toISOString() }),
    recordedAt: new Date(recordedAt).toISOString(),
  });
  if (text.length > maxLeafLength) {
    throw new RangeError(
      `a statement of ${text.length} characters is longer than a leaf of ${maxLeafLength}`,
    );
  }
  return text;
}

/** The canonical text of some content: RFC 8785 JSON. */
export function canonicalContent(content: JsonContent): string {
  return canonical(content);
}

function canonical(record: object): string {
  const text = canonicalize(record);
  if (text === undefined) throw new TypeError('an audit record has no canonical text');
  return text;
}
