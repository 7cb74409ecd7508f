import type { Digest } from '../registry/digest.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { noFindings } from '../registry/findings.ts';
import { digestForm, type Form, textThat } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { present } from '../registry/present.ts';
import { parseReference, type Reference, registryNamed } from '../registry/reference.ts';
import type { Evidence, ScanEvidence } from './approval.ts';
import {
  environmentForm,
  monitoringWindowForm,
  retainForForm,
  retainReleasesForm,
} from './policy-reading.ts';
import { oneOf, type StrictFields, strictFieldsOf, truth, wholeNumber } from './strict-fields.ts';

/** What an approval asks for. Who approves and when is no part of it: the caller's principal and the clock say so. */
export interface ApprovalRequest extends Evidence {
  /** With its registry, and a tag, a digest or both. */
  readonly image: Reference & { readonly registry: string };
  readonly environment: string;
  /** Milliseconds; without it, the environment's. */
  readonly retainFor?: number;
  readonly retainReleases?: number;
  readonly monitoringWindow?: number;
  readonly lockTag?: boolean;
}

/** A request, or every problem that keeps the body from being one. */
export type ApprovalRequestReading =
  | { readonly ok: true; readonly request: ApprovalRequest }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

const scanFields = ['tool', 'status', 'counts', 'report'] as const;
const requestFields = [
  ...['image', 'environment', 'reason', 'ticket', 'build', 'commit', 'scan', 'rollbackDigest', 'notes'],
  ...['retainFor', 'retainReleases', 'monitoringWindow', 'lockTag'],
];

/**
 * Reads the body of a request to approve. Fields that are not known are problems, so that an `approver` in the body is
 * refused rather than ignored. Texts are refused when they are too long or not printable: evidence is kept as given or
 * not at all. Never throws.
 */
export function readApprovalRequest(body: unknown): ApprovalRequestReading {
  const findings = noFindings();
  const fields = strictFieldsOf(body, '', findings, requestFields);
  const image = readImage(fields);
  const environment = fields.required('environment', environmentForm);
  const reason = fields.required('reason', printable(2_000));
  const optional = present({
    ticket: fields.optional('ticket', printable(200)),
    build: fields.optional('build', printable(200)),
    commit: fields.optional('commit', commitForm),
    scan: readScan(fields.optionalObject('scan', scanFields)),
    rollbackDigest: fields.optional('rollbackDigest', digestForm),
    notes: fields.optional('notes', paragraphs(4_000)),
    retainFor: fields.optional('retainFor', retainForForm),
    retainReleases: fields.optional('retainReleases', retainReleasesForm),
    monitoringWindow: fields.optional('monitoringWindow', monitoringWindowForm),
    lockTag: fields.optional('lockTag', truth),
  });
  if (
    image === undefined ||
    environment === undefined ||
    reason === undefined ||
    findings.problems.length > 0
  ) {
    return { ok: false, problems: findings.problems };
  }
  return { ok: true, request: { image, environment, reason, ...optional } };
}

/** The digest to approve, or why there is none. */
export type Agreement =
  | { readonly outcome: 'agreed'; readonly digest: Digest }
  /** The tag does not point to the digest that the caller looked at. */
  | { readonly outcome: 'moved'; readonly asked: Digest; readonly found: Digest }
  | { readonly outcome: 'missing' };

/** Holds the digest that was asked for, if any, against the one the tag points to at this instant, if any. */
export function agreeOnDigest(image: Reference, tagDigest: Digest | undefined): Agreement {
  if (image.tag === undefined) {
    return image.digest === undefined ? { outcome: 'missing' } : { outcome: 'agreed', digest: image.digest };
  }
  if (tagDigest === undefined) return { outcome: 'missing' };
  return image.digest === undefined || image.digest === tagDigest
    ? { outcome: 'agreed', digest: tagDigest }
    : { outcome: 'moved', asked: image.digest, found: tagDigest };
}

function readImage(fields: StrictFields): ApprovalRequest['image'] | undefined {
  const text = fields.required('image', imageText);
  const reading = text === undefined ? undefined : parseReference(text);
  if (reading === undefined) return undefined;
  if (!reading.ok) {
    fields.problem('image', reading.problem);
    return undefined;
  }
  const { registry, tag, digest } = reading.reference;
  if (registry === undefined || (tag === undefined && digest === undefined)) {
    fields.problem(
      'image',
      `has no ${registry === undefined ? 'registry' : 'tag or digest'}: expected a reference such as contoso.azurecr.io/team/app:1.4.2`,
    );
    return undefined;
  }
  return { ...reading.reference, registry: registryNamed(registry) };
}

function readScan(fields: StrictFields | undefined): ScanEvidence | undefined {
  const tool = fields?.required('tool', printable(100));
  const status = fields?.required('status', oneOf<ScanEvidence['status']>(['passed', 'warning', 'failed']));
  const counts = fields?.optional('counts', countsForm);
  const report = fields?.optional('report', httpsAddress);
  return tool === undefined || status === undefined ? undefined : present({ tool, status, counts, report });
}

const imageText: Form<string> = {
  expected: 'an image reference such as contoso.azurecr.io/team/app:1.4.2',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

const commitForm = textThat('a commit: 7 to 64 lower-case hexadecimal digits', (text) =>
  /^[0-9a-f]{7,64}$/.test(text),
);

const httpsAddress = textThat('an https address of at most 2000 characters without a password', (text) => {
  const url = text.length > 2_000 || cleanFreeText(text, 2_000).text !== text ? null : URL.parse(text);
  return url !== null && url.protocol === 'https:' && url.username === '' && url.password === '';
});

const count = wholeNumber(0, 1_000_000_000);
const severity = /^[a-z][a-z-]{0,29}$/;

const countsForm: Form<Readonly<Record<string, number>>> = {
  expected: 'an object of at most 20 counts by severity, such as {"critical": 0, "high": 2}',
  read(value, note) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value).flatMap(([name, sent]) => {
      const read = severity.test(name) ? count.read(sent, note) : undefined;
      return read === undefined ? [] : [[name, read] as const];
    });
    return entries.length === Object.keys(value).length && entries.length <= 20
      ? Object.fromEntries(entries)
      : undefined;
  },
};

function printable(limit: number): Form<string> {
  return textThat(
    `1 to ${limit} printable characters`,
    (text) => text.trim() !== '' && cleanFreeText(text, limit).text === text,
  );
}

function paragraphs(limit: number): Form<string> {
  return textThat(`1 to ${limit} printable characters and line feeds`, (text) => {
    const line = text.replaceAll('\n', ' ');
    return line.trim() !== '' && cleanFreeText(line, limit).text === line;
  });
}
