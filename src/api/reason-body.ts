import { oneOf, strictFieldsOf } from '../protection/strict-fields.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import type { BodyReading } from './route.ts';

/** Why somebody does something, in their words. */
export const reasonForm = textThat(
  '1 to 2000 printable characters',
  (text) => text.trim() !== '' && cleanFreeText(text, 2_000).text === text,
);

/** Reads the body `{reason}`. */
export function readReason(json: unknown): BodyReading<{ readonly reason: string }> {
  const findings = noFindings();
  const reason = strictFieldsOf(json, '', findings, ['reason']).required('reason', reasonForm);
  return reason === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { reason } };
}

const hashForm = textThat('the hash of a plan: 64 lower-case hexadecimal digits', (text) =>
  /^[0-9a-f]{64}$/.test(text),
);

/** Reads the body `{hash, reason}` of a decision on a plan. */
export function readDecision(json: unknown): BodyReading<{ readonly hash: string; readonly reason: string }> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['hash', 'reason']);
  const [hash, reason] = [fields.required('hash', hashForm), fields.required('reason', reasonForm)];
  return hash === undefined || reason === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { hash, reason } };
}

const outcomeForm = oneOf<'good' | 'failed'>(['good', 'failed']);

/** Reads the body `{outcome}`. */
export function readOutcome(json: unknown): BodyReading<{ readonly outcome: 'good' | 'failed' }> {
  const findings = noFindings();
  const outcome = strictFieldsOf(json, '', findings, ['outcome']).required('outcome', outcomeForm);
  return outcome === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { outcome } };
}
