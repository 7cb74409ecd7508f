import { DigestMismatchError } from '@azure/container-registry';
import { isRestError } from '@azure/core-rest-pipeline';
import { AuditFault } from '../audit/fault.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { OversizedAnswerError } from './bounded-http-client.ts';

/** What a registry was asked, for messages: `list the tags of team/app`. */
export interface Question {
  /** The registry's host, with a port when it has one. */
  readonly registry: string;
  readonly doing: string;
}

/** The most problems one message names. */
const maxNamed = 3;

/** What any failure of a call to the registry means for the audit. */
export function faultOf(error: unknown, { registry, doing }: Question): AuditFault {
  if (error instanceof AuditFault) return error;
  const fault = (code: string, problem: string, retryable: boolean) =>
    new AuditFault(code, `${registry} ${problem} when asked to ${doing}`, { retryable, cause: error });
  if (error instanceof DigestMismatchError) {
    return fault('registry-digest-mismatch', 'sent a manifest that does not have its digest', false);
  }
  if (error instanceof OversizedAnswerError) {
    return fault('registry-unreadable', 'answered at more length than is read', false);
  }
  if (isAbort(error)) {
    return fault('registry-silent', 'did not answer in time', true);
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 300) {
    const named = [status, refusalCode(error)].filter((part) => part !== undefined).join(' ');
    return fault(
      `registry-${status}`,
      `answered ${named}`,
      status === 408 || status === 429 || status >= 500,
    );
  }
  // A request that was never answered has the system's code (ECONNREFUSED), and neither status nor response.
  if (isRestError(error) && status === undefined && error.code !== undefined) {
    return fault('registry-unreachable', `could not be reached (${error.code})`, true);
  }
  return fault('registry-unreadable', 'answered what cannot be read', false);
}

/** The fault of an answer whose fields cannot be read. */
export function unreadable({ registry, doing }: Question, problems: readonly FieldProblem[]): AuditFault {
  const named = problems.slice(0, maxNamed).map(({ field, problem }) => `${field} ${problem}`);
  const more = problems.length - named.length;
  return new AuditFault(
    'registry-unreadable',
    `${registry} answered what cannot be read when asked to ${doing}: ${named.join('; ')}` +
      (more > 0 ? `; and ${more} more` : ''),
    { retryable: false },
  );
}

/** Also the reason of a signal, which is no `Error` of every realm. */
function isAbort(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'name' in error &&
    (error.name === 'AbortError' || error.name === 'TimeoutError')
  );
}

/** The answer's HTTP status, when there was an answer. */
function statusOf(error: unknown): number | undefined {
  return isRestError(error) ? error.statusCode : undefined;
}

/**
 * Whether a 404 of the registry itself says so with one of these codes. A 404 of anything between here and the
 * registry, or of its token endpoint, says nothing about content.
 */
export function isAbsence(error: unknown, codes: readonly string[]): boolean {
  return isNotFound(error) && codes.includes(refusalCode(error) ?? '');
}

/** Whether the body of a 404 says with one of these codes that something is not there. */
export function absenceIn(body: string, codes: readonly string[]): boolean {
  return codes.includes(codeIn(body) ?? '');
}

/** Whether a fault is a 404 that isn't taken for an absence: there is no such route, or nothing that knows it. */
export function isRouteAbsence(fault: unknown): boolean {
  return fault instanceof AuditFault && isNotFound(fault.cause);
}

function isNotFound(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 404 && !isTokenRequest(error.request?.url);
}

/** Whether a request goes to the endpoints that issue tokens, whose failures the SDK reports as the call's own. */
export function isTokenRequest(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && new URL(url).pathname.startsWith('/oauth2/');
}

/** The `code` of the first error in an answer; the SDK's own `code` stays undefined for this service. */
function refusalCode(error: unknown): string | undefined {
  return isRestError(error) ? codeIn(error.response?.bodyAsText ?? 'null') : undefined;
}

function codeIn(body: string): string | undefined {
  const [first] = fieldsOf(parsed(body), '', noFindings()).objects('errors');
  const code = first?.sent('code');
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
