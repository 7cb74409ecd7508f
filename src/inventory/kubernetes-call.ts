import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  isRestError,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { freeText } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';

/** Who asks, and over which connection. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** Carries the certificates to trust and to show. */
  readonly agent?: Agent;
}

/** One request. The body of the answer is text. */
export interface ClusterRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** @throws Error when there is no credential; asked anew for each attempt. */
  readonly authorize: (signal: AbortSignal) => Promise<Authorization>;
  /** Whether the URL may be one of `http`. */
  readonly allowInsecureConnection?: boolean;
}

/** What was answered, or what stood against it. */
export type ClusterAnswer =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      /** Completes a sentence whose subject is what was asked for. */
      readonly problem: string;
      readonly status?: number;
      /** Whether the answer was longer than its bound. */
      readonly isTooLong?: true;
    };

export interface ClusterCallOptions {
  /** Milliseconds one attempt may take, 30 seconds unless told. */
  readonly timeoutMs?: number;
  /** Bytes an answer may have once decompressed, 64 MiB unless told. */
  readonly maxBytes?: number;
  /** Waits some milliseconds before another attempt. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Asks, and never throws but for an aborted signal. */
export type ClusterCall = (request: ClusterRequest, signal: AbortSignal) => Promise<ClusterAnswer>;

/** A failure, and whether it may be another at the next attempt. */
type Attempt = ClusterAnswer & { readonly retryAfterMs?: number; readonly isWorthRepeating?: boolean };

const maxAttempts = 4;
const firstWaitMs = 1_000;
/** What a call spends waiting in all. A longer wait that is asked for isn't begun. */
const maxWaitMs = 60_000;

const anyStatus: Set<number> = new Set([Number.POSITIVE_INFINITY]);

/**
 * Requests with a deadline and a bounded answer. What is busy, broken or cut off is asked again three times; redirects
 * are not followed, since a credential is sent.
 */
export function clusterCall({
  timeoutMs = 30_000,
  maxBytes = 64 * 1024 * 1024,
  pause = (ms, signal) => delay(ms, undefined, { signal }),
}: ClusterCallOptions): ClusterCall {
  const client = createDefaultHttpClient();

  async function exchange(request: ClusterRequest, signal: AbortSignal): Promise<Attempt> {
    const { headers, agent } = await credentialFor(request, signal);
    const sent = createPipelineRequest({
      url: request.url,
      method: request.method,
      headers: createHttpHeaders({ accept: 'application/json', 'accept-encoding': 'gzip', ...headers }),
      abortSignal: signal,
      allowInsecureConnection: request.allowInsecureConnection ?? false,
      streamResponseStatusCodes: anyStatus,
    });
    // Not one of the options that a request is made with.
    if (agent !== undefined) sent.agent = agent;
    const response = await client.sendRequest(sent);
    const text = await readWhole(response.readableStreamBody, maxBytes);
    return response.status === 200 ? { ok: true, text } : refusalOf(response, text);
  }

  async function attempt(request: ClusterRequest, signal: AbortSignal): Promise<Attempt> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      // A credential, for one, may heed no signal.
      return await untilAborted(AbortSignal.any([signal, timeout]), (either) => exchange(request, either));
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) return { ok: false, problem: `gave no answer in ${timeoutMs / 1_000} seconds` };
      return failureOf(error, maxBytes);
    }
  }

  return async (request, signal) => {
    let waited = 0;
    for (let tried = 1; ; tried += 1) {
      signal.throwIfAborted();
      const { retryAfterMs, isWorthRepeating = false, ...answer } = await attempt(request, signal);
      const wait = retryAfterMs ?? firstWaitMs * 2 ** (tried - 1);
      if (!isWorthRepeating || tried >= maxAttempts || waited + wait > maxWaitMs) return answer;
      // Cut short by an abort, which is told above.
      await pause(wait, signal).catch(() => undefined);
      waited += wait;
    }
  };
}

class OversizedAnswerError extends Error {}

class CredentialError extends Error {}

async function credentialFor(request: ClusterRequest, signal: AbortSignal): Promise<Authorization> {
  try {
    return await request.authorize(signal);
  } catch (error) {
    throw new CredentialError(reasonOf(error), { cause: error });
  }
}

async function untilAborted<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(signal), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function readWhole(stream: NodeJS.ReadableStream | undefined, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > maxBytes) throw new OversizedAnswerError();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refusalOf({ status, headers }: PipelineResponse, text: string): Attempt {
  const retryAfterMs = askedWait(headers.get('retry-after'));
  return {
    ok: false,
    status,
    problem: `was answered by ${status}${messageOf(text)}`,
    isWorthRepeating: status === 429 || status >= 500,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** What a `Status` of Kubernetes, or an error of Azure Resource Manager, says. */
function messageOf(text: string): string {
  const answer = fieldsOf(parsedJson(text), '', noFindings());
  const message =
    answer.optional('message', freeText(300)) ??
    answer.optionalObject('error').optional('message', freeText(300));
  return message === undefined ? '' : `: ${message}`;
}

function failureOf(error: unknown, maxBytes: number): Attempt {
  if (error instanceof OversizedAnswerError) {
    return { ok: false, problem: `has an answer longer than ${maxBytes} bytes`, isTooLong: true };
  }
  if (error instanceof CredentialError) {
    return { ok: false, problem: `has no credential: ${error.message}` };
  }
  const code = isRestError(error) || hasCode(error) ? String(error.code) : 'unknown failure';
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO/.test(code)) {
    return { ok: false, problem: `is not asked: the server's certificate is not trusted (${code})` };
  }
  return { ok: false, problem: `could not be read: the connection failed (${code})`, isWorthRepeating: true };
}

function hasCode(error: unknown): error is { readonly code: unknown } {
  return typeof error === 'object' && error !== null && 'code' in error;
}

/** Why something failed, in words of its own. */
export function reasonOf(error: unknown): string {
  return cleanFreeText(error instanceof Error ? error.message : String(error), 300).text;
}

/** Milliseconds to wait: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. */
function askedWait(asked: string | undefined): number | undefined {
  if (asked === undefined) return undefined;
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1_000;
  const until = Date.parse(asked);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}

/** The text as JSON; `undefined` when it isn't. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
