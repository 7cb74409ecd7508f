import { boundedDetail } from '../findings/bounded-detail.ts';
import type { FindingDetail } from '../findings/finding.ts';
import { type Severity, severities } from '../findings/kind.ts';
import {
  type FindingStatus,
  findingStatuses,
  type Note,
  openedAt,
  type StoredFinding,
  type Waiver,
} from '../findings/lifecycle.ts';
import { parseDigest } from '../registry/digest.ts';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { freeText, timestampForm } from '../registry/form.ts';
import { corrupt, countIn, jsonIn, optional, readTime, textOf, timeText } from './entry-codec.ts';
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
  const { id, severity, subject, status, resolvedAt } = finding;
  const opened = { time: openedAt(finding), id };
  const lists =
    status !== 'resolved'
      ? [openFindings, openFindingsOfSeverity(severity), openFindingsAbout(subject.repository)].map((list) =>
          findingListKey(list, opened),
        )
      : [findingListKey(closedFindings, { time: resolvedAt ?? openedAt(finding), id })];
  return [findingKey(id), ...lists];
}

/** The columns of each of a finding's rows. Its id ends their keys, its registry is their partition. */
export function findingColumns(finding: StoredFinding): Columns {
  const { kind, severity, status, revision, subject, detail, firstSeen, lastSeen } = finding;
  const { reopenedAt, resolvedAt, resolution, acknowledgement, waiver, escalations, escalatedAt } = finding;
  return {
    kind,
    severity,
    status,
    revision,
    repository: subject.repository,
    tag: subject.tag,
    digest: subject.digest,
    detail: JSON.stringify(detail),
    firstSeen: timeText(firstSeen),
    lastSeen: timeText(lastSeen),
    reopenedAt: optionalTime(reopenedAt),
    resolvedAt: optionalTime(resolvedAt),
    resolution: resolution && noteText(resolution),
    acknowledgement: acknowledgement && noteText(acknowledgement),
    waiver:
      waiver && JSON.stringify({ ...noteJson(waiver), owner: waiver.owner, until: timeText(waiver.until) }),
    escalations,
    escalatedAt: optionalTime(escalatedAt),
  };
}

function optionalTime(time: number | undefined): string | undefined {
  return time === undefined ? undefined : timeText(time);
}

function noteText(note: Note): string {
  return JSON.stringify(noteJson(note));
}

function noteJson({ by, byName, reason, at }: Note) {
  return { by, byName, reason, at: timeText(at) };
}

const noteField = freeText(4_096);

function readNote(row: StoredRow, name: string): Note | undefined {
  const fields = fieldsOf(jsonIn(row, name), '', noFindings());
  const [by, byName] = [fields.optional('by', noteField), fields.optional('byName', noteField)];
  const [reason, at] = [fields.optional('reason', noteField), fields.optional('at', timestampForm)];
  return by === undefined || byName === undefined || reason === undefined || at === undefined
    ? undefined
    : { by, byName, reason, at };
}

function readWaiver(row: StoredRow): Waiver | undefined {
  const note = readNote(row, 'waiver');
  const fields = fieldsOf(jsonIn(row, 'waiver'), '', noFindings());
  const [owner, until] = [fields.optional('owner', noteField), fields.optional('until', timestampForm)];
  return note === undefined || owner === undefined || until === undefined
    ? undefined
    : { ...note, owner, until };
}

/** Reads any row of a finding; throws a permanent AuditFault when it isn't one. */
export function readFindingRow(row: StoredRow): StoredFinding {
  // The id ends the keys, but for an alert's, which a revision follows.
  const id = row.rowKey.split('|').at(-1)?.split('.')[0];
  const kind = textOf(row, 'kind');
  const severity = textOf(row, 'severity');
  const repository = textOf(row, 'repository');
  const firstSeen = readTime(textOf(row, 'firstSeen'));
  const lastSeen = readTime(textOf(row, 'lastSeen'));
  const detail: unknown = jsonIn(row, 'detail');
  if (!id || kind === undefined || !kindName.test(kind) || !isSeverity(severity) || repository === undefined)
    throw corrupt(row);
  if (firstSeen === undefined || lastSeen === undefined || !isDetail(detail)) throw corrupt(row);
  const resolvedAt = readTime(textOf(row, 'resolvedAt'));
  const status = textOf(row, 'status') ?? (resolvedAt === undefined ? 'open' : 'resolved');
  if (!isStatus(status)) throw corrupt(row);
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
    status,
    revision: countIn(row, 'revision') ?? 1,
    ...optional('reopenedAt', readTime(textOf(row, 'reopenedAt'))),
    ...optional('resolvedAt', resolvedAt),
    ...optional('resolution', readNote(row, 'resolution')),
    ...optional('acknowledgement', readNote(row, 'acknowledgement')),
    ...optional('waiver', readWaiver(row)),
    ...optional('escalations', countIn(row, 'escalations')),
    ...optional('escalatedAt', readTime(textOf(row, 'escalatedAt'))),
  };
}

function isStatus(text: string): text is FindingStatus {
  return findingStatuses.some((status) => status === text);
}

/** The name of a kind, though it be one that only a later version knows: what that has found is not hidden after a rollback. */
const kindName = /^[A-Za-z]{1,64}$/;

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
