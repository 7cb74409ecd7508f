import { environmentForm } from '../protection/policy-reading.ts';
import {
  durationBetween,
  oneOf,
  type StrictFields,
  strictFieldsOf,
  truth,
} from '../protection/strict-fields.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { noFindings } from '../registry/findings.ts';
import { type Form, textThat, timestampForm } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { present } from '../registry/present.ts';
import { parseReference } from '../registry/reference.ts';
import { claimStates, type ReportedClaim } from '../workloads/claim.ts';
import { maxClaims, nameOf, type SubmissionGathering } from './submitted-gathering.ts';

/** A clock of somebody else may be this much ahead, in milliseconds. */
const clockSkew = 5 * 60_000;

/** What the plain form says of itself. */
export interface ReferenceListReading {
  readonly complete: boolean;
  /** For how long it counts as fresh, in milliseconds. */
  readonly ttl?: number;
}

const referenceFields = [
  ...['image', 'workload', 'kind', 'container', 'environment', 'namespace', 'owner'],
  ...['state', 'since', 'revision'],
];
const ttlForm = durationBetween('PT1M', 'P30D');

/**
 * Reads a list of references of `docs/inventory-snapshots.md`. Fields that are not known or not of their form are field
 * problems, all of them at once; an image that cannot be understood is a problem of the reading. Never throws.
 */
export function readReferenceList(
  value: unknown,
  { path, now }: { readonly path: string; readonly now: number },
  gathering: SubmissionGathering,
): ReferenceListReading | readonly FieldProblem[] {
  const findings = noFindings();
  const fields = strictFieldsOf(value, path, findings, ['complete', 'ttl', 'references']);
  const complete = fields.required('complete', truth);
  const ttl = fields.optional('ttl', ttlForm);
  const claims = fields
    .objects('references', referenceFields, { min: 0, max: maxClaims, optional: false })
    .map(readReference);
  if (complete === undefined || findings.problems.length > 0) return findings.problems;
  claims.forEach((claim, index) => {
    if (claim === undefined) return;
    const where = `references.${index}`;
    const { since, ...timeless } = claim;
    const isKnown = since !== undefined && isPast(since, now);
    if (since !== undefined && !isKnown)
      gathering.problem(`${where}.since`, 'is in the future: it is not used');
    gathering.claim(`${where}.image`, isKnown ? { ...timeless, since } : timeless);
  });
  return present({ complete, ttl });
}

/** Whether a time can be one since when something was deployed. */
export function isPast(time: number, now: number): boolean {
  return time <= now + clockSkew;
}

function readReference(fields: StrictFields): ReportedClaim | undefined {
  const image = fields.required('image', imageForm);
  const name = fields.required('workload', nameForm);
  const workload = {
    kind: fields.optional('kind', nameForm) ?? 'Reference',
    container: fields.optional('container', nameForm),
    environment: fields.optional('environment', environmentForm),
    namespace: fields.optional('namespace', nameForm),
    owner: fields.optional('owner', nameForm),
  };
  const state = fields.optional('state', oneOf(claimStates)) ?? 'desired';
  const since = fields.optional('since', timestampForm);
  const revision = fields.optional('revision', nameForm);
  if (image === undefined || name === undefined) return undefined;
  return present({ image, workload: present({ ...workload, name }), state, since, revision });
}

const imageForm: Form<string> = {
  expected: 'an image reference such as contoso.azurecr.io/team/app:1.4.2',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

const nameForm = textThat(
  '1 to 253 printable characters',
  (text) => text.trim() !== '' && cleanFreeText(text, 253).text === text,
);

/** First lines that begin a document: a bracket, a quote, a directive, a document marker or a key. */
const documentStart = /^(?:[{[%"']|---(?:\s|$)|[\w$]+\s*:(?:\s|$))/;
/** What a query that found nothing may print. It could name an image, but hardly does. */
const bareValue = /^(?:null|~|true|false)$/;

/**
 * Whether a text is a list of one reference a line rather than a document, by its first line that says anything.
 */
export function isReferenceLines(text: string): boolean {
  const [first] = contentLines(text);
  if (first === undefined || bareValue.test(first.content)) return false;
  return parseReference(first.content).ok || !documentStart.test(first.content);
}

/** Reads one reference a line; what follows a `#` at the beginning of a line or after a space is a comment. */
export function readReferenceLines(text: string, gathering: SubmissionGathering): void {
  for (const { line, content: image } of contentLines(text)) {
    const reading = parseReference(image);
    const name = reading.ok ? reading.reference.repository : image;
    gathering.claim(`line ${line}`, {
      workload: { kind: 'Reference', name: nameOf(name) },
      state: 'desired',
      image,
    });
  }
}

function* contentLines(text: string): Generator<{ readonly line: number; readonly content: string }> {
  let number = 0;
  for (const line of text.split(/\r\n|\n|\r/)) {
    number += 1;
    const comment = line.search(/(?:^|\s)#/);
    const content = (comment < 0 ? line : line.slice(0, comment)).trim();
    if (content !== '') yield { line: number, content };
  }
}
