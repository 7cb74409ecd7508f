import type { StoredFinding } from '../audit/findings.ts';
import { openedAt } from '../audit/findings.ts';
import { boundedDetail } from '../findings/bounded-detail.ts';
import type { FindingDetail } from '../findings/finding.ts';
import { type FindingKind, findingKinds, type Severity, severities } from '../findings/kind.ts';
import { parseDigest } from '../registry/digest.ts';
import { corrupt, optional, readTime, textOf, timeText } from './entry-codec.ts';
import {
  closedFindings,
  findingKey,
  findingListKey,
  openFindings,
  openFindingsAbout,
  openFindingsOfSeverity,
} from './keys.ts';
import type { Columns, StoredRow } from './row.ts';

/** The most UTF-16 code units of a text column: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model */
const maxColumnLength = 32 * 1024;

/** The detail as a column can hold it. */
export function storableDetail(detail: FindingDetail): FindingDetail {
  return boundedDetail(detail, maxColumnLength);
}

/** The keys of a finding's rows, all with the same columns: its own, and those of the lists that it is in. */
export function findingRowKeys(finding: StoredFinding): readonly [string, ...string[]] {
  const { id, severity, subject, resolvedAt } = finding;
  const opened = { time: openedAt(finding), id };
  const lists =
    resolvedAt === undefined
      ? [openFindings, openFindingsOfSeverity(severity), openFindingsAbout(subject.repository)].map((list) =>
          findingListKey(list, opened),
        )
      : [findingListKey(closedFindings, { time: resolvedAt, id })];
  return [findingKey(id), ...lists];
}

/** The columns of each of a finding's rows. Its id ends their keys, its registry is their partition. */
export function findingColumns(finding: StoredFinding): Columns {
  const { kind, severity, subject, detail, firstSeen, lastSeen, reopenedAt, resolvedAt } = finding;
  return {
    kind,
    severity,
    repository: subject.repository,
    tag: subject.tag,
    digest: subject.digest,
    detail: JSON.stringify(detail),
    firstSeen: timeText(firstSeen),
    lastSeen: timeText(lastSeen),
    reopenedAt: reopenedAt === undefined ? undefined : timeText(reopenedAt),
    resolvedAt: resolvedAt === undefined ? undefined : timeText(resolvedAt),
  };
}

/** Reads any row of a finding; throws a permanent AuditFault when it isn't one. */
export function readFindingRow(row: StoredRow): StoredFinding {
  const id = row.rowKey.split('|').at(-1);
  const kind = textOf(row, 'kind');
  const severity = textOf(row, 'severity');
  const repository = textOf(row, 'repository');
  const firstSeen = readTime(textOf(row, 'firstSeen'));
  const lastSeen = readTime(textOf(row, 'lastSeen'));
  const detail: unknown = JSON.parse(textOf(row, 'detail') ?? 'null');
  if (!id || !isKind(kind) || !isSeverity(severity) || repository === undefined) throw corrupt(row);
  if (firstSeen === undefined || lastSeen === undefined || !isDetail(detail)) throw corrupt(row);
  const resolvedAt = readTime(textOf(row, 'resolvedAt'));
  return {
    id,
    kind,
    severity,
    subject: {
      registry: row.partitionKey,
      repository,
      ...optional('tag', textOf(row, 'tag')),
      ...optional('digest', parseDigest(textOf(row, 'digest') ?? '')),
    },
    detail,
    firstSeen,
    lastSeen,
    status: resolvedAt === undefined ? 'open' : 'resolved',
    ...optional('reopenedAt', readTime(textOf(row, 'reopenedAt'))),
    ...optional('resolvedAt', resolvedAt),
  };
}

function isKind(text: string | undefined): text is FindingKind {
  return text !== undefined && Object.hasOwn(findingKinds, text);
}

function isSeverity(text: string | undefined): text is Severity {
  return severities.some((severity) => severity === text);
}

function isDetail(value: unknown): value is FindingDetail {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (part: unknown) =>
      ['string', 'number', 'boolean'].includes(typeof part) ||
      (Array.isArray(part) && part.every((item) => typeof item === 'string')),
  );
}
