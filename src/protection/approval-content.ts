import type { JsonContent } from '../history/statement.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { type Findings, noFindings } from '../registry/findings.ts';
import { digestForm, flagForm, repositoryForm, tagForm } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { type Approval, type Approver, approvalStates, type ScanEvidence } from './approval.ts';
import { milliseconds, storedText } from './stored-form.ts';
import { oneOf, wholeNumber } from './strict-fields.ts';

/** The key of an approval's state. */
export const approvalStateKey = (id: string) => `a|${id}`;

/** An approval as statements keep it: its own properties; times and lengths of time are numbers of milliseconds. */
export function approvalContent(approval: Approval): JsonContent {
  const { approver, scan, endedEarly, ...others } = approval;
  return {
    ...others,
    approver: { id: approver.id, name: approver.name },
    ...(scan === undefined ? {} : { scan: scanContent(scan) }),
    ...(endedEarly === undefined ? {} : { endedEarly: { ...endedEarly } }),
  };
}

/**
 * Reads an approval from what {@link approvalContent} made; `undefined` when it isn't one. Properties that are not known are
 * passed over, so that what a later version writes stays readable. Never throws.
 */
export function readApproval(content: JsonContent): Approval | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const required = readRequired(fields);
  const optional = present({
    tag: fields.optional('tag', tagForm),
    ticket: fields.optional('ticket', storedText),
    build: fields.optional('build', storedText),
    commit: fields.optional('commit', storedText),
    scan: readScan(fields, findings),
    rollbackDigest: fields.optional('rollbackDigest', digestForm),
    notes: fields.optional('notes', storedText),
    monitoringWindow: fields.optional('monitoringWindow', milliseconds),
    outcome: fields.optional('outcome', oneOf<'good' | 'failed'>(['good', 'failed'])),
    failure: fields.optional('failure', storedText),
    endedEarly: readEndedEarly(fields),
  });
  return required === undefined || findings.problems.length > 0 ? undefined : { ...required, ...optional };
}

type RequiredName = {
  [K in keyof Approval]-?: undefined extends Approval[K] ? never : K;
}[keyof Approval];

function readRequired(fields: Fields): Pick<Approval, RequiredName> | undefined {
  const id = fields.required('id', storedText);
  const registry = fields.required('registry', storedText);
  const repository = fields.required('repository', repositoryForm);
  const digest = fields.required('digest', digestForm);
  const environment = fields.required('environment', storedText);
  const reason = fields.required('reason', storedText);
  const approver = readApprover(fields.object('approver'));
  const requestedAt = fields.required('requestedAt', milliseconds);
  const retainFor = fields.required('retainFor', milliseconds);
  const retainReleases = fields.required('retainReleases', count);
  const lockTag = fields.required('lockTag', flagForm);
  const state = fields.required('state', oneOf(approvalStates));
  if (id === undefined || registry === undefined || repository === undefined || digest === undefined) {
    return undefined;
  }
  if (environment === undefined || reason === undefined || approver === undefined) return undefined;
  if (requestedAt === undefined || retainFor === undefined || retainReleases === undefined) return undefined;
  if (lockTag === undefined || state === undefined) return undefined;
  const image = { registry, repository, digest };
  const window = { requestedAt, retainFor, retainReleases };
  return { id, ...image, environment, reason, approver, ...window, lockTag, state };
}

function readApprover(fields: Fields): Approver | undefined {
  const id = fields.required('id', storedText);
  // A principal may have an id and no name.
  const name = fields.optional('name', storedText) ?? '';
  return id === undefined ? undefined : { id, name };
}

function readEndedEarly(fields: Fields): Approval['endedEarly'] {
  if (fields.sent('endedEarly') === undefined) return undefined;
  const ended = fields.object('endedEarly');
  const by = ended.required('by', storedText);
  const at = ended.required('at', milliseconds);
  const reason = ended.required('reason', storedText);
  return by === undefined || at === undefined || reason === undefined ? undefined : { by, at, reason };
}

function scanContent({ counts, ...others }: ScanEvidence): JsonContent {
  return counts === undefined ? others : { ...others, counts: { ...counts } };
}

function readScan(fields: Fields, findings: Findings): ScanEvidence | undefined {
  if (fields.sent('scan') === undefined) return undefined;
  const scan = fields.object('scan');
  const tool = scan.required('tool', storedText);
  const status = scan.required('status', oneOf<ScanEvidence['status']>(['passed', 'warning', 'failed']));
  const optional = present({
    counts: readCounts(scan.sent('counts'), findings),
    report: scan.optional('report', storedText),
  });
  return tool === undefined || status === undefined ? undefined : { tool, status, ...optional };
}

const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);

function readCounts(sent: unknown, findings: Findings): ScanEvidence['counts'] | undefined {
  if (sent === undefined) return undefined;
  const counts = fieldsOf(sent, 'scan.counts', findings);
  if (typeof sent !== 'object' || sent === null) return undefined;
  return Object.fromEntries(
    Object.keys(sent).flatMap((severity) => {
      const read = counts.required(severity, count);
      return read === undefined ? [] : [[severity, read]];
    }),
  );
}
