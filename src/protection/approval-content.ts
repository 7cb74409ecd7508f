import type { JsonContent } from '../history/statement.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { byteCount, digestForm, type Form, flagForm, tagForm, textThat } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import type { Approval, ApprovalState, ScanEvidence } from './approval.ts';

/** The key of an approval's state. */
export const approvalKey = (id: string) => `a|${id}`;

/** An approval as JSON: times and durations stay epoch milliseconds and milliseconds. */
export function approvalContent({ approver, scan, endedEarly, ...approval }: Approval): JsonContent {
  return present({
    ...approval,
    approver: { ...approver },
    scan: scan && present({ ...scan, counts: scan.counts && { ...scan.counts } }),
    endedEarly: endedEarly && { ...endedEarly },
  });
}

const anyText = textThat('text', () => true);
const states: readonly ApprovalState[] = [
  'requested',
  'protecting',
  'protected',
  'superseded',
  'expired',
  'released',
  'failed',
];

function oneOf<T extends string>(values: readonly T[]): Form<T> {
  return { expected: values.join(' or '), read: (value) => values.find((one) => one === value) };
}

/** Reads an approval back from its JSON; `undefined` when it isn't one. Fields of later versions are ignored. */
export function readApproval(content: JsonContent): Approval | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const approver = fields.object('approver');
  const required = {
    id: fields.required('id', anyText),
    registry: fields.required('registry', anyText),
    repository: fields.required('repository', anyText),
    digest: fields.required('digest', digestForm),
    environment: fields.required('environment', anyText),
    approverId: approver.required('id', anyText),
    approverName: approver.required('name', anyText),
    requestedAt: fields.required('requestedAt', byteCount),
    retainFor: fields.required('retainFor', byteCount),
    retainReleases: fields.required('retainReleases', byteCount),
    lockTag: fields.required('lockTag', flagForm),
    reason: fields.required('reason', anyText),
    state: fields.required('state', oneOf(states)),
  };
  const optional = present({
    tag: fields.optional('tag', tagForm),
    ticket: fields.optional('ticket', anyText),
    build: fields.optional('build', anyText),
    commit: fields.optional('commit', anyText),
    scan: readScan(fields.optionalObject('scan'), fields.sent('scan')),
    rollbackDigest: fields.optional('rollbackDigest', digestForm),
    notes: fields.optional('notes', anyText),
    monitoringWindow: fields.optional('monitoringWindow', byteCount),
    outcome: fields.optional('outcome', oneOf(['good', 'failed'] as const)),
    failure: fields.optional('failure', anyText),
    endedEarly: readEnd(fields.optionalObject('endedEarly')),
  });
  if (findings.problems.length > 0 || !isWhole(required)) return undefined;
  const { approverId, approverName, ...rest } = required;
  return { ...rest, approver: { id: approverId, name: approverName }, ...optional };
}

function isWhole<T extends object>(record: T): record is { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.values(record).every((value) => value !== undefined);
}

function readScan(fields: Fields, sent: unknown): ScanEvidence | undefined {
  if (sent === undefined) return undefined;
  const tool = fields.required('tool', anyText);
  const status = fields.required('status', oneOf(['passed', 'warning', 'failed'] as const));
  const counts = fields.optional('counts', countsForm);
  const report = fields.optional('report', anyText);
  return tool === undefined || status === undefined ? undefined : present({ tool, status, counts, report });
}

const countsForm: Form<Readonly<Record<string, number>>> = {
  expected: 'counts by name',
  read(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const counts: Record<string, number> = {};
    for (const [name, count] of Object.entries(value)) {
      if (typeof count !== 'number') return undefined;
      counts[name] = count;
    }
    return counts;
  },
};

function readEnd(fields: Fields): Approval['endedEarly'] {
  const by = fields.optional('by', anyText);
  const at = fields.optional('at', byteCount);
  const reason = fields.optional('reason', anyText);
  return by === undefined || at === undefined || reason === undefined ? undefined : { by, at, reason };
}
