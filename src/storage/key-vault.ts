import { setTimeout as delay } from 'node:timers/promises';
import type { TokenCredential } from '@azure/core-auth';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineResponse,
  tlsPolicy,
} from '@azure/core-rest-pipeline';
import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';

export interface KeyVaultOptions {
  /** Such as `https://contoso.vault.azure.net`. */
  readonly vault: string;
  readonly credential: TokenCredential;
  /** The authority to trust, as PEM text, instead of those of the system. */
  readonly ca?: string;
  /** Milliseconds one attempt may take, its token included; 10 seconds unless told. */
  readonly timeoutMs?: number;
  /** How often a request is tried in all, 4 unless told. */
  readonly attempts?: number;
  /** Waits some milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * The data plane of a vault: https://learn.microsoft.com/rest/api/keyvault. What passes is tried again. Faults are
 * `key-vault-<status>`, `key-vault-unreachable`, `key-vault-silent`, `key-vault-unreadable` and `key-vault-credential`.
 */
export interface KeyVault {
  /** Asks for what is at a path such as `/keys/ledger/<version>`, or, with a body, to do something with it. */
  ask(path: string, body?: object): Promise<unknown>;
}

const apiVersion = '7.4';
const maxAnswerBytes = 256 * 1024;
const firstWaitMs = 500;
const longestWaitMs = 10_000;

/** https://learn.microsoft.com/azure/key-vault/general/rest-error-codes; the rest says that the next one ends alike. */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

interface Answer {
  readonly status: number;
  /** Absent when it isn't JSON. */
  readonly content: unknown;
  /** Milliseconds that the vault asks to wait. */
  readonly wait: number | undefined;
}

/** A vault, asked by an identity. Throws TypeError when the address is none that tokens may be sent to. */
export function keyVault(options: KeyVaultOptions): KeyVault {
  const { timeoutMs = 10_000, attempts = 4, pause = (ms) => delay(ms) } = options;
  const vault = readVault(options.vault);
  const httpClient = createDefaultHttpClient();
  const pipeline = createEmptyPipeline();
  if (options.ca !== undefined) pipeline.addPolicy(tlsPolicy({ ca: options.ca }));
  pipeline.addPolicy(
    bearerTokenAuthenticationPolicy({ credential: told(options.credential), scopes: scopeOf(vault) }),
  );

  async function attempt(path: string, body: object | undefined): Promise<Answer> {
    const url = new URL(path, vault);
    url.searchParams.set('api-version', apiVersion);
    return beforeDeadline(timeoutMs, vault.host, async (abortSignal) => {
      const request = createPipelineRequest({
        url: url.href,
        method: body === undefined ? 'GET' : 'POST',
        headers: createHttpHeaders({
          Accept: 'application/json',
          'User-Agent': 'acr-audit',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        }),
        abortSignal,
        // Whatever the status: an answer is read within bounds.
        streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const response = await pipeline.sendRequest(httpClient, request);
      const { status, headers } = response;
      const content = parsed(await textOf(response, vault.host));
      return { status, content, wait: askedWait(headers.get('retry-after')) };
    });
  }

  return {
    async ask(path, body) {
      for (let tried = 1; ; tried += 1) {
        const answer = await attempt(path, body).catch((error: unknown) => faultOf(error, vault.host));
        const fault = answer instanceof AuditFault ? answer : refusal(answer, path, vault.host);
        if (fault === undefined && 'content' in answer) return answer.content;
        const asked = 'wait' in answer ? answer.wait : undefined;
        const wait = asked ?? Math.min(firstWaitMs * 2 ** (tried - 1), longestWaitMs);
        if (!isWorthRepeating(fault) || wait > longestWaitMs || tried >= attempts) throw fault;
        await pause(wait);
      }
    },
  };
}

/** A credential repeats its own calls. */
function isWorthRepeating(fault: AuditFault | undefined): boolean {
  return fault?.retryable === true && fault.code !== 'key-vault-credential';
}

function readVault(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.href !== `${url.origin}/`) {
    throw new TypeError('The vault is no https address such as https://contoso.vault.azure.net');
  }
  return url;
}

/** The audience of a vault's cloud: `https://vault.azure.net/.default`, or that of another one. */
function scopeOf({ hostname }: URL): string {
  return `https://${hostname.slice(hostname.indexOf('.') + 1)}/.default`;
}

/** A credential whose failures are told apart from those of the vault. */
function told(credential: TokenCredential): TokenCredential {
  return {
    async getToken(scopes, options) {
      try {
        return await credential.getToken(scopes, options);
      } catch (cause) {
        const message = 'no Microsoft Entra token could be got for Key Vault';
        throw new AuditFault('key-vault-credential', message, { retryable: true, cause });
      }
    },
  };
}

/** Settles by the deadline whatever the attempt does: a credential, for one, heeds no signal. */
async function beforeDeadline<T>(
  timeoutMs: number,
  host: string,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new AuditFault('key-vault-silent', `${host} did not answer in time`, { retryable: true }));
    controller.abort();
  }, timeoutMs);
  try {
    return await Promise.race([attempt(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function textOf({ readableStreamBody }: PipelineResponse, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readableStreamBody ?? []) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > maxAnswerBytes) throw unreadable(`${host} answered at more length than is read`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refused = z.object({ error: z.object({ code: z.string() }) });

/** The fault of an answer that is a refusal, or cannot be read; `undefined` of any other. */
function refusal({ status, content }: Answer, path: string, host: string): AuditFault | undefined {
  if (status === 200) {
    return content === undefined ? unreadable(`${host} answered ${path} by what is not JSON`) : undefined;
  }
  const { success, data } = refused.safeParse(content);
  const named = success && /^\w{1,64}$/.test(data.error.code) ? ` ${data.error.code}` : '';
  return new AuditFault(`key-vault-${status}`, `${host} answered ${path} with ${status}${named}`, {
    retryable: passing.has(status),
  });
}

/** Milliseconds that `Retry-After` asks to wait, in seconds: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. */
function askedWait(asked: string | undefined): number | undefined {
  return asked !== undefined && /^\d{1,6}$/.test(asked) ? Number(asked) * 1_000 : undefined;
}

function faultOf(error: unknown, host: string): AuditFault {
  if (error instanceof AuditFault) return error;
  const message = `${host} could not be reached`;
  return new AuditFault('key-vault-unreachable', message, { retryable: true, cause: error });
}

function unreadable(message: string): AuditFault {
  return new AuditFault('key-vault-unreadable', message, { retryable: false });
}
