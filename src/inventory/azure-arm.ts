import type { TokenCredential } from '@azure/core-auth';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  decompressResponsePolicy,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import { boundedAttempt, streamedStatuses } from './azure-arm-attempt.ts';
import { armAuthentication } from './azure-arm-credential.ts';
import { type ArmQuestion, armFault, armRefusal, parsedJson, refusalCode } from './azure-arm-fault.ts';
import { type ArmRetryOptions, armRetry } from './azure-arm-retry.ts';

export interface ArmOptions {
  readonly credential: TokenCredential;
  /** Such as `https://management.chinacloudapi.cn`; that of the public cloud unless told. */
  readonly armEndpoint?: string;
  readonly now: () => number;
  /** Milliseconds one attempt of one request may take, a minute unless told. */
  readonly timeoutMs?: number;
  /** Bytes of one answer, 32 MiB unless told. */
  readonly maxBytes?: number;
  readonly retry?: ArmRetryOptions;
}

/**
 * Azure Resource Manager. Paths begin with `/` and are encoded. Faults are `azure-<status>`, `azure-unreachable`,
 * `azure-silent`, `azure-unreadable` and `azure-credential`; an abort throws the signal's reason.
 */
export interface Arm {
  /** A resource, or `undefined` when its provider says that it, or its resource group, does not exist. */
  find(path: string, apiVersion: string, signal?: AbortSignal): Promise<unknown>;
  /** The items of a list, page after page. */
  list(path: string, apiVersion: string, signal?: AbortSignal): AsyncGenerator<readonly unknown[]>;
  /** The answer to a question too long for an address. */
  ask(path: string, apiVersion: string, body: object, signal?: AbortSignal): Promise<unknown>;
}

const page = z.object({ value: z.array(z.unknown()), nextLink: z.nullish(z.string()) });

/** The most pages followed for one list. */
const maxPages = 1_000;

/** Failures in a row, each tried as often as it may be, after which the rest is not asked for a while. */
const failuresBorne = 10;
const restMs = 60_000;

/** @throws TypeError when the endpoint is no origin that tokens may be sent to. */
export function armClient(options: ArmOptions): Arm {
  const endpoint = readEndpoint(options.armEndpoint ?? 'https://management.azure.com');
  const { timeoutMs = 60_000, maxBytes = 32 * 1024 * 1024 } = options;
  const rest = restAfterFailures(options.now);
  const httpClient = createDefaultHttpClient();
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(decompressResponsePolicy());
  pipeline.addPolicy(armRetry(options.retry ?? {}, options.now), { phase: 'Retry' });
  pipeline.addPolicy(boundedAttempt({ timeoutMs, maxBytes }), { afterPhase: 'Retry' });
  pipeline.addPolicy(armAuthentication(options.credential, endpoint), { phase: 'Sign' });

  async function send(
    url: URL,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly response: PipelineResponse; readonly question: ArmQuestion }> {
    signal?.throwIfAborted();
    const method = body === undefined ? 'GET' : 'POST';
    const question = { method, path: url.pathname } as const;
    const request = createPipelineRequest({
      url: url.href,
      method,
      headers: createHttpHeaders({
        Accept: 'application/json',
        'User-Agent': 'acr-audit',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      }),
      allowInsecureConnection: endpoint.protocol === 'http:',
      streamResponseStatusCodes: new Set(streamedStatuses),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    if (rest.isDue())
      throw fault('azure-unreachable', question, 'was not asked, as those before it failed', true);
    try {
      const response = await pipeline.sendRequest(httpClient, request);
      rest.note(response.status === 429 || response.status >= 500);
      return { response, question };
    } catch (error) {
      signal?.throwIfAborted();
      rest.note(true);
      throw armFault(error, question);
    }
  }

  function addressOf(path: string, apiVersion: string): URL {
    const url = new URL(path, endpoint);
    url.searchParams.set('api-version', apiVersion);
    return url;
  }

  return {
    async find(path, apiVersion, signal) {
      const { response, question } = await send(addressOf(path, apiVersion), undefined, signal);
      if (response.status === 404 && absences.has(refusalCode(response) ?? '')) return undefined;
      return contentOf(response, question);
    },
    async *list(path, apiVersion, signal) {
      const seen = new Set<string>();
      let next: URL | undefined = addressOf(path, apiVersion);
      while (next !== undefined) {
        const { response, question }: Awaited<ReturnType<typeof send>> = await send(next, undefined, signal);
        seen.add(next.href);
        const read = page.safeParse(contentOf(response, question));
        if (!read.success) throw unreadable(question, 'was answered without a list');
        yield read.data.value;
        next = followed(read.data.nextLink, question, seen);
      }
    },
    async ask(path, apiVersion, body, signal) {
      const { response, question } = await send(addressOf(path, apiVersion), body, signal);
      return contentOf(response, question);
    },
  };

  /** The next page, which a token goes to only where the list itself came from. */
  function followed(
    nextLink: string | null | undefined,
    question: ArmQuestion,
    seen: ReadonlySet<string>,
  ): URL | undefined {
    if (nextLink === null || nextLink === undefined || nextLink === '') return undefined;
    const url = URL.parse(nextLink);
    if (url === null || url.origin !== endpoint.origin || url.username !== '') {
      throw unreadable(question, 'names a next page elsewhere');
    }
    if (seen.has(url.href)) throw unreadable(question, 'names a page before as its next');
    if (seen.size >= maxPages) throw unreadable(question, 'has more pages than are read');
    return url;
  }
}

/** What Azure Resource Manager says of what is not there; any other 404 is of a route, or of something in between. */
const absences: ReadonlySet<string> = new Set(['ResourceNotFound', 'ResourceGroupNotFound']);

function contentOf(response: PipelineResponse, question: ArmQuestion): unknown {
  if (response.status !== 200) throw armRefusal(response, question);
  const content = parsedJson(response.bodyAsText ?? undefined);
  if (content === undefined) throw unreadable(question, 'was answered by what is not JSON');
  return content;
}

function unreadable(question: ArmQuestion, problem: string): AuditFault {
  return fault('azure-unreadable', question, problem, false);
}

function fault(code: string, question: ArmQuestion, problem: string, retryable: boolean): AuditFault {
  return armFault(new AuditFault(code, problem, { retryable }), question);
}

/** Spares thousands of resources from being asked for, one after the other, of a service that is down. */
function restAfterFailures(now: () => number): { isDue(): boolean; note(hasFailed: boolean): void } {
  let inRow = 0;
  let until = 0;
  return {
    isDue: () => inRow >= failuresBorne && now() < until,
    note(hasFailed) {
      inRow = hasFailed ? inRow + 1 : 0;
      if (hasFailed) until = now() + restMs;
    },
  };
}

/** Tokens go out encrypted, or do not leave this machine. */
function readEndpoint(text: string): URL {
  const url = URL.parse(text);
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new TypeError(
      'The endpoint of Azure Resource Manager is no origin such as https://management.azure.com',
    );
  }
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) {
    throw new TypeError('The endpoint of Azure Resource Manager has to be https');
  }
  return url;
}
