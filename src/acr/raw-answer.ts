import type { ListRepositoriesOptions } from '@azure/container-registry';
import type { RegistryCall } from './registry-call.ts';
import { isTokenRequest, type Question, unreadable } from './registry-fault.ts';

/** An answer of the registry as it was sent: the SDK drops media types and cuts what it doesn't know. */
export interface RawAnswer {
  readonly text: string;
  readonly link: string | undefined;
  readonly contentType: string | undefined;
}

/** The options that every operation of the SDK takes. */
export type OperationOptions = Pick<ListRepositoriesOptions, 'abortSignal' | 'onResponse'>;

export interface Asking<T> {
  readonly question: Question;
  /** Codes of a 404 that say that it isn't there. */
  readonly absences: readonly string[];
  /** Performs one operation of the SDK, whose own result isn't used. */
  send(options: OperationOptions): Promise<unknown>;
  /** Reads the answer. @throws AuditFault when it cannot be read. */
  read(answer: RawAnswer): T;
}

/** Asks through an operation of the SDK and reads the raw answer; `undefined` when the registry says it isn't there. */
export function ask<T>(
  call: RegistryCall,
  { question, absences, send, read }: Asking<T>,
): Promise<T | undefined> {
  return call(question, absences, async (abortSignal) => {
    const read200: T[] = [];
    await send({
      abortSignal,
      // Also called when the SDK can't make sense of the answer, or of one of its requests for tokens. What is thrown
      // here takes the place of the SDK's own error, and names the field.
      onResponse({ status, headers, bodyAsText, request }) {
        if (status !== 200 || isTokenRequest(request.url)) return;
        const answer = {
          text: bodyAsText ?? '',
          link: headers.get('link'),
          contentType: headers.get('content-type'),
        };
        read200.push(read(answer));
      },
    });
    const [answer] = read200;
    if (answer === undefined) throw unreadable(question, [{ field: '$', problem: 'is missing' }]);
    return answer;
  });
}

/** The text as JSON. @throws AuditFault when it isn't. */
export function parsedJson(text: string, question: Question): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(question, [{ field: '$', problem: 'is not JSON' }]);
  }
}
