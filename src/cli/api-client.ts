import * as z from 'zod/mini';
import type { ServiceAddress } from './address.ts';
import { readBounded } from './bounded-text.ts';
import { CommandFault, type ExitCode, exitCodes } from './exit-code.ts';

/** Parameters of a request; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Asks the service. Methods throw a CommandFault when there is no answer, or the answer is a problem. */
export interface ApiClient {
  get<T>(path: string, query: Query, schema: z.ZodMiniType<T>): Promise<T>;
  /** A file as it is; `undefined` where there is none. */
  file(path: string): Promise<Uint8Array | undefined>;
  post<T>(path: string, body: unknown, schema: z.ZodMiniType<T>): Promise<T>;
  /** Pages of a list of at most `limit` items in all. */
  pages<P extends { readonly items: readonly unknown[]; readonly cursor?: string | undefined }>(
    path: string,
    query: Query,
    schema: z.ZodMiniType<P>,
    limit: number,
  ): AsyncGenerator<P>;
}

export interface ApiClientOptions {
  readonly address: ServiceAddress;
  /** A token for a scope. */
  readonly token: (scope: string) => Promise<string>;
  /** Another principal of development, on the machine itself. */
  readonly as: string | undefined;
  /** Milliseconds that one answer may take. */
  readonly timeout: number;
  readonly pause: (ms: number) => Promise<void>;
}

/** Items of a page at most. */
const mostItems = 1_000;
/** Times that something is asked for, when the service is busy. */
const mostTries = 3;

/** A client of the service at an address. */
export function apiClient({ address, token, as, timeout, pause }: ApiClientOptions): ApiClient {
  let bearer: Promise<string> | undefined;

  async function headersOf(): Promise<Readonly<Record<string, string>>> {
    if (address.scope === undefined) return as === undefined ? {} : { 'x-dev-principal': as };
    const { scope } = address;
    bearer ??= token(scope);
    try {
      return { authorization: `Bearer ${await bearer}` };
    } catch (cause) {
      throw noService(`nobody is signed in for ${scope}: run "az login". ${messageOf(cause)}`, cause);
    }
  }

  async function once(url: URL, body: unknown): Promise<Response> {
    const headers = { accept: 'application/json', ...(await headersOf()) };
    const sent =
      body === undefined
        ? { headers }
        : {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          };
    try {
      // A redirection would take the token along, and leads to a page to sign in at.
      return await fetch(url, { ...sent, redirect: 'manual', signal: AbortSignal.timeout(timeout) });
    } catch (cause) {
      throw noService(`${url.origin} does not answer: ${messageOf(cause)}`, cause);
    }
  }

  async function answerOf(path: string, query: Query, body: unknown) {
    const url = new URL(path, address.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    let response = await once(url, body);
    for (let tries = 1; isBusy(response) && body === undefined && tries < mostTries; tries += 1) {
      await response.body?.cancel();
      await pause(Math.min(Number(response.headers.get('retry-after')) || 1, 10) * 1_000);
      response = await once(url, body);
    }
    const bytes = await readBounded(response).catch((cause: unknown) => {
      throw noService(`${url.origin} broke off its answer: ${messageOf(cause)}`, cause);
    });
    return { url, response, bytes };
  }

  async function ask<T>(path: string, query: Query, body: unknown, schema: z.ZodMiniType<T>): Promise<T> {
    const { url, response, bytes } = await answerOf(path, query, body);
    const json = parsed(bytes);
    if (!response.ok) throw problemFault(response.status, json, url);
    const reading = schema.safeParse(json);
    if (reading.success) return reading.data;
    throw noService(`${url.origin} answers otherwise than acr-audit expects: is it another version?`);
  }

  return {
    get: (path, query, schema) => ask(path, query, undefined, schema),
    async file(path) {
      const { url, response, bytes } = await answerOf(path, {}, undefined);
      if (response.ok) return bytes;
      const json = parsed(bytes);
      // The service says that it has none; any other 404 is of something else than the service.
      if (response.status === 404 && problemForm.safeParse(json).success) return undefined;
      throw problemFault(response.status, json, url);
    },
    post: (path, body, schema) => ask(path, {}, body, schema),
    async *pages(path, query, schema, limit) {
      let cursor: string | undefined;
      let left = limit;
      do {
        const size = String(Math.min(left, mostItems));
        const page = await ask(path, { ...query, limit: size, cursor }, undefined, schema);
        yield page;
        left -= page.items.length;
        cursor = page.cursor;
      } while (cursor !== undefined && left > 0);
    },
  };
}

function isBusy({ status }: Response): boolean {
  return status === 429 || status === 503;
}

const problemForm = z.object({
  title: z.string(),
  detail: z.optional(z.string()),
  type: z.optional(z.string()),
});

function problemFault(status: number, json: unknown, url: URL): CommandFault {
  const reading = problemForm.safeParse(json);
  if (status === 401 || (status >= 300 && status < 400))
    return noService(`${url.origin} wants its callers signed in (${status}): check --scope`);
  if (!reading.success) {
    const hint = status === 404 ? ': is --api the address of the service?' : '';
    return noService(`${url.origin} answers with ${status}${hint}`);
  }
  const { title, detail, type = '' } = reading.data;
  const message = detail === undefined ? title : `${title}. ${detail}`;
  return new CommandFault(exitCodeOf(status, type), message);
}

/** A problem in which the service says no is an answer; one in which it says that it was asked wrongly is of usage. */
function exitCodeOf(status: number, type: string): ExitCode {
  if (status === 404 || status === 409) return exitCodes.fail;
  if (status === 403 && type.endsWith(':policy-refuses')) return exitCodes.fail;
  return [400, 413, 415].includes(status) ? exitCodes.usage : exitCodes.service;
}

function noService(message: string, cause?: unknown): CommandFault {
  return new CommandFault(exitCodes.service, message, { cause });
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

const failureForm = z.object({
  name: z.optional(z.string()),
  message: z.string(),
  code: z.optional(z.union([z.string(), z.number()])),
});
const causedForm = z.object({ cause: failureForm });

/** What a failure says; that of `fetch` is in its cause, and the one of several addresses has only a code. */
function messageOf(error: unknown): string {
  const caused = causedForm.safeParse(error);
  const failure = caused.success ? caused : failureForm.safeParse(error);
  if (!failure.success) return String(error).slice(0, 500);
  const { name, message, code } = 'cause' in failure.data ? failure.data.cause : failure.data;
  if (name === 'TimeoutError') return 'it took too long';
  return (message === '' ? String(code ?? name) : message).slice(0, 500);
}
