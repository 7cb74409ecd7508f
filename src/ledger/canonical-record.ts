import canonicalize from 'canonicalize';
import type { AuditRecord } from '../history/fact.ts';

/** The version of the leaf's layout; a change of layout is a new number, old leaves keep theirs. */
const leafVersion = 1;

/**
 * The canonical text of an audit record, the ledger's leaf: RFC 8785 JSON, so that whoever holds the record's fields can
 * make the same bytes. Times are RFC 3339 in UTC.
 */
export function canonicalRecord({ registry, repository, fact }: AuditRecord): string {
  const { at, notBefore, recordedAt, client, ...others } = fact;
  const text = canonicalize({
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
  if (text === undefined) throw new TypeError('an audit record has no canonical text');
  return text;
}
