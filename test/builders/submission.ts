import { readSubmission, type Submission, type SubmissionReading } from '../../src/inventory/submission.ts';
import type { SubmissionFormat } from '../../src/inventory/submitted-format.ts';
import { isRecord } from '../../src/inventory/submitted-gathering.ts';
import type { InventoryReading, ReportedClaim } from '../../src/workloads/claim.ts';

/** When submissions of tests are read. */
export const submittedAt = Date.UTC(2026, 4, 2, 12);

/** Claims the `image` of each object, by its kind and `name`: what readers of Kubernetes objects do is not the question. */
export function readFlatObjects(objects: Iterable<unknown>): InventoryReading {
  const claims = [...objects].map((object): ReportedClaim => {
    const { kind, name, image } = isRecord(object) ? object : {};
    return { workload: { kind: String(kind), name: String(name) }, state: 'running', image: String(image) };
  });
  return { claims, problems: [] };
}

export function submit(
  format: SubmissionFormat,
  text: string,
  options: Partial<Submission> = {},
): SubmissionReading {
  return readSubmission({
    format,
    text,
    now: submittedAt,
    readKubernetesObjects: readFlatObjects,
    ...options,
  });
}

/** What a body that can be read gives; the test fails for any other. */
export function submitted(
  format: SubmissionFormat,
  text: string,
  options: Partial<Submission> = {},
): Extract<SubmissionReading, { ok: true }> {
  const reading = submit(format, text, options);
  if (!reading.ok) throw new Error(`refused: ${JSON.stringify(reading.problems)}`);
  return reading;
}

/** The problems for which a body is refused. */
export function refusalOf(format: SubmissionFormat, text: string, options: Partial<Submission> = {}) {
  const reading = submit(format, text, options);
  if (reading.ok) throw new Error(`read: ${JSON.stringify(reading.reading)}`);
  return reading.problems;
}

/** The images that a body claims. */
export function imagesOf(format: SubmissionFormat, text: string): readonly string[] {
  return submitted(format, text).reading.claims.map(({ image }) => image);
}

/** The problems of a body that can be read, each as one text. */
export function problemsOf(format: SubmissionFormat, text: string): readonly string[] {
  return submitted(format, text).reading.problems.map(({ where, problem }) => `${where}: ${problem}`);
}
