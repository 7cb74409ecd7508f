import { isRestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import { cleanFreeText } from '../registry/free-text.ts';

/** A request as messages name it: `GET /subscriptions/…`. */
export interface ArmQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

/** What any failure of a request means for the audit. */
export function armFault(error: unknown, question: ArmQuestion): AuditFault {
  const fault = (code: string, problem: string, retryable: boolean) =>
    new AuditFault(code, `${nameOf(question)} ${problem}`, { retryable, cause: error });
  if (error instanceof AuditFault) return fault(error.code, error.message, error.retryable);
  if (isRestError(error)) return fault('azure-unreachable', `could not be sent (${error.code})`, true);
  return fault('azure-unreadable', 'was answered by what cannot be read', false);
}

/** The fault of an answer that is a refusal. */
export function armRefusal(response: PipelineResponse, question: ArmQuestion): AuditFault {
  const { status } = response;
  const named = [status, refusalCode(response)].filter((part) => part !== undefined).join(' ');
  return new AuditFault(`azure-${status}`, `${nameOf(question)} was answered ${named}`, {
    retryable: status === 408 || status === 429 || status >= 500,
  });
}

const refusal = z.object({ error: z.object({ code: z.string() }) });

/**
 * The code of a refusal, such as `AuthorizationFailed`.
 * Source: https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#handling-errors
 */
export function refusalCode({ bodyAsText }: PipelineResponse): string | undefined {
  const { success, data } = refusal.safeParse(parsedJson(bodyAsText ?? undefined));
  return success && /^\w{1,64}$/.test(data.error.code) ? data.error.code : undefined;
}

/** The value of a JSON text, or `undefined`, which no JSON text is. */
export function parsedJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function nameOf({ method, path }: ArmQuestion): string {
  return `${method} ${cleanFreeText(path, 300).text}`;
}
