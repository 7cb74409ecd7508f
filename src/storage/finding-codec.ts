import { createHash } from 'node:crypto';
import type { StoredFinding } from '../audit/findings.ts';
import type { FindingDetail } from '../findings/finding.ts';
import { type FindingKind, findingKinds } from '../findings/kind.ts';
import { parseDigest } from '../registry/digest.ts';
import { corrupt, optional, readTime, textOf, timeText } from './entry-codec.ts';
import type { Columns, StoredRow } from './row.ts';

/** The id of a finding: the beginning of its identity's SHA-256. */
export function findingId(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** Most items of a list in a detail, and characters of a text: a column of Table Storage holds 32 Ki characters. */
const mostItems = 50;
const longestText = 500;

/** The columns of a finding, the same in all places it is kept. */
export function findingColumns(finding: StoredFinding): Columns {
  const { identity, kind, subject, detail, status, firstSeen, lastSeen, reopenedAt, resolvedAt } = finding;
  return {
    id: finding.id,
    identity: identity.slice(0, 8_000),
    kind,
    repository: subject.repository,
    tag: subject.tag,
    digest: subject.digest,
    detail: JSON.stringify(bounded(detail)),
    status,
    firstSeen: timeText(firstSeen),
    lastSeen: timeText(lastSeen),
    reopenedAt: reopenedAt === undefined ? undefined : timeText(reopenedAt),
    resolvedAt: resolvedAt === undefined ? undefined : timeText(resolvedAt),
  };
}

function bounded(detail: FindingDetail): FindingDetail {
  const cut = (text: string) => text.slice(0, longestText).toWellFormed();
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => {
      if (typeof value === 'string') return [name, cut(value)];
      if (!isList(value)) return [name, value];
      const more = value.length - mostItems;
      const some = value.slice(0, mostItems).map(cut);
      return [name, more > 0 ? [...some, `and ${more} more`] : some];
    }),
  );
}

function isList(value: FindingDetail[string]): value is readonly string[] {
  return Array.isArray(value);
}

/** Reads a finding's row; throws a permanent AuditFault when it isn't one. */
export function readFinding(row: StoredRow): StoredFinding {
  const kind = readKind(textOf(row, 'kind'));
  const [id, identity, repository] = ['id', 'identity', 'repository'].map((name) => textOf(row, name));
  const [firstSeen, lastSeen] = [readTime(textOf(row, 'firstSeen')), readTime(textOf(row, 'lastSeen'))];
  const status = textOf(row, 'status');
  if (kind === undefined || id === undefined || identity === undefined || repository === undefined) {
    throw corrupt(row);
  }
  if (firstSeen === undefined || lastSeen === undefined) throw corrupt(row);
  if (status !== 'open' && status !== 'resolved') throw corrupt(row);
  return {
    id,
    identity,
    kind,
    severity: findingKinds[kind].severity,
    subject: {
      registry: row.partitionKey,
      repository,
      ...optional('tag', textOf(row, 'tag')),
      ...optional('digest', parseDigest(textOf(row, 'digest') ?? '')),
    },
    detail: readDetail(textOf(row, 'detail') ?? '{}'),
    status,
    firstSeen,
    lastSeen,
    ...optional('reopenedAt', readTime(textOf(row, 'reopenedAt'))),
    ...optional('resolvedAt', readTime(textOf(row, 'resolvedAt'))),
  };
}

function readKind(text: string | undefined): FindingKind | undefined {
  return text !== undefined && isKind(text) ? text : undefined;
}

function isKind(text: string): text is FindingKind {
  return Object.hasOwn(findingKinds, text);
}

function readDetail(text: string): FindingDetail {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return {};
  const detail: Record<string, FindingDetail[string]> = {};
  for (const [name, fact] of Object.entries(value)) {
    if (typeof fact === 'string' || typeof fact === 'number' || typeof fact === 'boolean')
      detail[name] = fact;
    else if (Array.isArray(fact)) detail[name] = fact.filter((item) => typeof item === 'string');
  }
  return detail;
}
