import { type PipelinePolicy, type PipelineRequest, RestError } from '@azure/core-rest-pipeline';
import { AuditFault } from '../audit/fault.ts';

/** What one attempt of a request may take. */
export interface AttemptBounds {
  /** Milliseconds, the token and the whole answer included. */
  readonly timeoutMs: number;
  /** Bytes an answer may have, once decompressed. */
  readonly maxBytes: number;
}

/** Asks the HTTP client for a stream whatever the status: https://learn.microsoft.com/javascript/api/@azure/core-rest-pipeline. */
export const streamedStatuses: ReadonlySet<number> = new Set([Number.POSITIVE_INFINITY]);

/**
 * Reads every answer whole within bounds, so that one that breaks off is repeated like one that never came. Settles by the
 * deadline whatever happens: a credential, for one, heeds no signal.
 */
export function boundedAttempt({ timeoutMs, maxBytes }: AttemptBounds): PipelinePolicy {
  return {
    name: 'bounded-attempt',
    async sendRequest(request, next) {
      const outer = request.abortSignal;
      const deadline = new AbortController();
      const { promise: late, reject } = Promise.withResolvers<never>();
      const stop = () => {
        reject(outer instanceof AbortSignal ? outer.reason : undefined);
        deadline.abort();
      };
      const timer = setTimeout(() => {
        reject(new AuditFault('azure-silent', 'did not answer in time', { retryable: true }));
        deadline.abort();
      }, timeoutMs);
      outer?.addEventListener('abort', stop);
      request.abortSignal = deadline.signal;
      try {
        return await Promise.race([answer(), late]);
      } finally {
        clearTimeout(timer);
        outer?.removeEventListener('abort', stop);
        if (outer === undefined) delete request.abortSignal;
        else request.abortSignal = outer;
      }

      async function answer() {
        const { readableStreamBody, ...response } = await next(request);
        return { ...response, bodyAsText: await readWhole(readableStreamBody, maxBytes, request) };
      }
    },
  };
}

async function readWhole(
  stream: NodeJS.ReadableStream | undefined,
  maxBytes: number,
  request: PipelineRequest,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream ?? []) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > maxBytes) {
        // Leaving the loop destroys the stream, and with it the connection.
        throw new AuditFault('azure-unreadable', 'answered at more length than is read', {
          retryable: false,
        });
      }
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof AuditFault) throw cause;
    throw new RestError('The answer broke off', { code: RestError.REQUEST_SEND_ERROR, request });
  }
  return Buffer.concat(chunks).toString('utf8');
}
