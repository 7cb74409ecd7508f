import type { FieldProblem } from '../registry/field-problem.ts';
import { present } from '../registry/present.ts';
import type { InventoryReading, ReportedClaim } from '../workloads/claim.ts';
import { isCompose, readComposeFile } from './submitted-compose.ts';
import type { SubmissionFormat } from './submitted-format.ts';
import { isRecord, own, type SubmissionGathering, submissionGathering } from './submitted-gathering.ts';
import { readHelmValues } from './submitted-helm-values.ts';
import { isKustomization, readKustomization } from './submitted-kustomization.ts';
import { isPast, isReferenceLines, readReferenceLines, readReferenceList } from './submitted-references.ts';
import { readText, type TextLimits, type TextReading, withoutMark } from './submitted-text.ts';

/** A body that was submitted, and what its reading needs. */
export interface Submission extends TextLimits {
  readonly format: SubmissionFormat;
  readonly text: string;
  /** The present time in epoch milliseconds. */
  readonly now: number;
  readonly readKubernetesObjects: (
    objects: Iterable<unknown>,
    options: { readonly now: number; readonly ownerLabel?: string },
  ) => InventoryReading;
  /** The label that names who answers for a workload. */
  readonly ownerLabel?: string;
  /** Since when what has no time of its own is deployed, in epoch milliseconds. */
  readonly since?: number;
}

/** What a submission claims, or every problem that keeps the body from being one. */
export type SubmissionReading =
  | {
      readonly ok: true;
      readonly reading: InventoryReading;
      /** Whether it is all there is: it does not say otherwise, and nothing in it was not understood. */
      readonly complete: boolean;
      /** For how long it says to be fresh, in milliseconds; of several, the shortest. */
      readonly ttl?: number;
    }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/**
 * Reads an inventory snapshot of `docs/inventory-snapshots.md`. What cannot be understood in a body that can be read is a
 * problem of the reading, and makes it incomplete; a body with nothing in it of what it says to be is refused. An empty one is
 * refused too: it is more often a failed command than a place without workloads. Never throws.
 */
export function readSubmission(submission: Submission): SubmissionReading {
  const { format, text } = submission;
  const limit = submission.maxJsonLength ?? 8 * 1024 * 1024;
  if (format === 'references' && text.length <= limit && isReferenceLines(withoutMark(text))) {
    const gathering = submissionGathering();
    readReferenceLines(withoutMark(text), gathering);
    return concluded(submission, gathering.reading(), { complete: true });
  }
  return readDocuments(submission, readText(text, submission));
}

function readDocuments(submission: Submission, body: TextReading): SubmissionReading {
  const gathering = submissionGathering();
  const kubernetes: unknown[] = [];
  const refusals: FieldProblem[] = [];
  const lists: { readonly complete: boolean; readonly ttl?: number }[] = [];
  const unknown: FieldProblem[] = [];
  let understood = 0;

  for (const { value, field, at } of partsOf(body, submission.format, gathering)) {
    const shape = shapeOf(value, submission.format);
    if (typeof shape === 'object') {
      unknown.push({ field: field === '' ? '$' : field, problem: shape.problem });
      at.problem('the document', shape.problem);
      continue;
    }
    understood += 1;
    if (shape === 'references') {
      const list = readReferenceList(value, { path: field, now: submission.now }, at);
      if ('complete' in list) lists.push(list);
      else refusals.push(...list);
    } else if (isRecord(value)) {
      readShape(shape, value, { submission, kubernetes }, at);
    }
  }

  if (refusals.length > 0) return { ok: false, problems: refusals };
  if (understood === 0) return { ok: false, problems: refused(body, unknown) };
  const objects =
    kubernetes.length === 0
      ? nothing
      : submission.readKubernetesObjects(
          kubernetes,
          present({ now: submission.now, ownerLabel: submission.ownerLabel }),
        );
  const gathered = gathering.reading();
  const ttls = lists.flatMap(({ ttl }) => ttl ?? []);
  return concluded(
    submission,
    {
      claims: [...gathered.claims, ...objects.claims],
      problems: [...body.problems, ...gathered.problems, ...objects.problems],
    },
    { complete: lists.every(({ complete }) => complete), ...(ttls.length > 0 && { ttl: Math.min(...ttls) }) },
  );
}

const nothing: InventoryReading = { claims: [], problems: [] };

interface Part {
  readonly value: unknown;
  /** Its dotted path, empty when it is the whole body. */
  readonly field: string;
  readonly at: SubmissionGathering;
}

/** The documents of a body, and the items of those that are an array of documents. */
function partsOf(
  body: TextReading,
  format: SubmissionFormat,
  gathering: SubmissionGathering,
): readonly Part[] {
  return body.documents.flatMap(({ number, value }): readonly Part[] => {
    const [field, at] = body.isStream
      ? [`documents.${number}`, gathering.inside(`document ${number}`)]
      : ['', gathering];
    if (!Array.isArray(value) || (format !== 'kubernetes' && format !== 'yaml'))
      return [{ value, field, at }];
    return value.map((item: unknown, index) => ({
      value: item,
      field: field === '' ? String(index) : `${field}.${index}`,
      at: at.inside(`item ${index}`),
    }));
  });
}

type Shape = Exclude<SubmissionFormat, 'yaml'>;

/** What a document is to be read as: as asked for, or by its structure; or why it is nothing of that. */
function shapeOf(value: unknown, format: SubmissionFormat): Shape | { readonly problem: string } {
  // Its reader tells all about it, with the paths of the fields.
  if (format === 'references') return 'references';
  if (!isRecord(value)) return { problem: 'is not an object: expected a document' };
  switch (format) {
    case 'kubernetes':
      // Among objects as kustomize builds them, one that was not built says less than it seems to.
      if (isKustomization(value)) return 'kustomize';
      return typeof own(value, 'kind') === 'string'
        ? 'kubernetes'
        : { problem: 'is no Kubernetes object: it has no kind' };
    case 'compose':
      return isCompose(value) ? 'compose' : { problem: 'is no Compose file: it has no services' };
    case 'kustomize':
      return isKustomization(value)
        ? 'kustomize'
        : { problem: 'is no kustomization: it has neither its kind nor images' };
    case 'helm':
      return namesImages(value)
        ? 'helm'
        : { problem: 'has no image that is understood: submit the output of "helm template"' };
    case 'yaml':
      return shapeByStructure(value);
  }
}

function shapeByStructure(value: Readonly<Record<string, unknown>>): Shape | { readonly problem: string } {
  if (isKustomization(value)) return 'kustomize';
  if (typeof own(value, 'apiVersion') === 'string' && typeof own(value, 'kind') === 'string')
    return 'kubernetes';
  if (isCompose(value)) return 'compose';
  if (Array.isArray(own(value, 'references'))) return 'references';
  if (namesImages(value)) return 'helm';
  return {
    problem:
      'is not recognised: expected a Kubernetes object, a Compose file, a kustomization, a list of references or values',
  };
}

function namesImages(value: Readonly<Record<string, unknown>>): boolean {
  return readHelmValues(value, submissionGathering());
}

function readShape(
  shape: Exclude<Shape, 'references'>,
  value: Readonly<Record<string, unknown>>,
  { submission, kubernetes }: { readonly submission: Submission; readonly kubernetes: unknown[] },
  at: SubmissionGathering,
): void {
  switch (shape) {
    case 'kubernetes':
      // All at once: which pods a deployment owns is told by several of them.
      kubernetes.push(value);
      return;
    case 'compose':
      readComposeFile(value, present({ ownerLabel: submission.ownerLabel }), at);
      return;
    case 'kustomize':
      readKustomization(value, at);
      return;
    case 'helm':
      readHelmValues(value, at);
      return;
  }
}

/** Why there is nothing in a body. */
function refused(body: TextReading, unknown: readonly FieldProblem[]): readonly FieldProblem[] {
  const problems = [
    ...body.problems.map(({ where, problem }) => ({ field: '$', problem: `${where}: ${problem}` })),
    ...unknown,
  ].slice(0, 100);
  return problems.length > 0
    ? problems
    : [
        {
          field: '$',
          problem: 'is empty: to say that there are no workloads, submit a complete list of no references',
        },
      ];
}

function concluded(
  { since, now }: Submission,
  { claims, problems }: InventoryReading,
  said: { readonly complete: boolean; readonly ttl?: number },
): SubmissionReading {
  const isKnown = since !== undefined && isPast(since, now);
  const reading = {
    claims: isKnown ? claims.map((claim): ReportedClaim => ({ since, ...claim })) : claims,
    problems:
      since === undefined || isKnown
        ? problems
        : [...problems, { where: 'since', problem: 'is in the future: it is not used' }],
  };
  return { ok: true, reading, ...said, complete: said.complete && reading.problems.length === 0 };
}
