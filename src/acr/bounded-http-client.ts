import { Readable } from 'node:stream';
import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline';

export interface HttpBounds {
  /** Milliseconds a request may take, its answer included. */
  readonly timeoutMs: number;
  /** Bytes an answer may have, once decompressed. */
  readonly maxBytes: number;
}

/** An answer longer than its bound. */
export class OversizedAnswerError extends Error {
  constructor(maxBytes: number) {
    super(`The answer is longer than ${maxBytes} bytes`);
    this.name = 'OversizedAnswerError';
  }
}

/**
 * An HTTP client that reads every answer whole, within bounds: the SDK bounds no answer but manifests, and sends its
 * requests for tokens without an abort signal. The answer's text is there even when the SDK asks for a stream.
 */
export function boundedHttpClient(
  { timeoutMs, maxBytes }: HttpBounds,
  inner: HttpClient = createDefaultHttpClient(),
): HttpClient {
  return {
    async sendRequest(request) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const abortSignal =
        request.abortSignal instanceof AbortSignal
          ? AbortSignal.any([request.abortSignal, timeout])
          : timeout;
      // Positive infinity asks for a stream whatever the status. The SDK's own request keeps what it asked for.
      const streaming = { ...request, abortSignal, streamResponseStatusCodes: anyStatus };
      const { readableStreamBody, ...response } = await inner.sendRequest(streaming);
      const bytes = await readWhole(readableStreamBody, maxBytes, streaming);
      return {
        ...response,
        request,
        bodyAsText: bytes.toString('utf8'),
        ...streamOf(bytes, response, request),
      };
    },
  };
}

const anyStatus: Set<number> = new Set([Number.POSITIVE_INFINITY]);

async function readWhole(
  stream: NodeJS.ReadableStream | undefined,
  maxBytes: number,
  request: PipelineRequest & { readonly abortSignal: AbortSignal },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream ?? []) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (length > maxBytes) throw new OversizedAnswerError(maxBytes);
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof OversizedAnswerError) throw cause;
    request.abortSignal.throwIfAborted();
    throw new RestError('The answer broke off', { code: RestError.REQUEST_SEND_ERROR, request });
  }
  return Buffer.concat(chunks);
}

function streamOf(
  bytes: Buffer,
  { status }: Pick<PipelineResponse, 'status'>,
  { streamResponseStatusCodes: asked }: PipelineRequest,
): Pick<PipelineResponse, 'readableStreamBody'> {
  return asked?.has(status) ? { readableStreamBody: Readable.from([bytes]) } : {};
}
