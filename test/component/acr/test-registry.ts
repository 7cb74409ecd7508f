import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type RegistryOptions,
  type RunningRegistry,
  startRegistry,
} from '../../../local/acr/registry-server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body read as JSON, `undefined` when it isn't. */
  readonly json: unknown;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** `admin` sends the administrator's password, `none` nothing, anything else is a bearer token. */
  readonly as?: 'admin' | 'none' | { readonly token: string } | { readonly basic: string };
}

export interface TestRegistry extends RunningRegistry {
  readonly directory: string;
  /** Sends a request exactly as told: the path isn't normalised. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Stops the registry and starts it again on the same data. */
  restart(options?: Partial<RegistryOptions>): Promise<TestRegistry>;
  /** Stops the registry and removes its data. */
  dispose(): Promise<void>;
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function authorization(
  registry: RunningRegistry,
  as: CallOptions['as'] = 'admin',
): Readonly<Record<string, string>> {
  if (as === 'none') {
    return {};
  }
  if (as === 'admin') {
    return { Authorization: basic(registry.username, registry.password) };
  }
  return { Authorization: 'token' in as ? `Bearer ${as.token}` : as.basic };
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function open(directory: string, options: Partial<RegistryOptions>): Promise<TestRegistry> {
  const registry = await startRegistry({ dataDirectory: directory, port: 0, ...options });
  const agent = new Agent({ keepAlive: true, ca: registry.ca });
  const port = Number(new URL(registry.url).port);

  async function stop(): Promise<void> {
    agent.destroy();
    await registry.close();
  }

  function call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { headers = {}, body, as } = options;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: 'localhost',
          port,
          method,
          path,
          agent,
          headers: {
            ...authorization(registry, as),
            ...(body === undefined || 'Transfer-Encoding' in headers
              ? {}
              : { 'Content-Length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const { statusCode: status = 0, headers: received } = incoming;
            resolve({ status, headers: received, bytes, json: readJson(bytes) });
          });
        },
      );
      outgoing.on('error', (error) => {
        // Ended for being idle, before this was read: https://nodejs.org/api/http.html#requestreusedsocket
        const wasIdle = outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
        if (wasIdle) resolve(call(method, path, options));
        else reject(error);
      });
      outgoing.end(body);
    });
  }

  return {
    ...registry,
    directory,
    call,
    async restart(changed = {}) {
      await stop();
      return open(directory, { ...options, ...changed });
    },
    async dispose() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A registry on a free port with data of its own, below a folder. */
export async function openTestRegistry(
  options: Partial<RegistryOptions> = {},
  below = tmpdir(),
): Promise<TestRegistry> {
  const directory = await mkdtemp(join(below, 'registry-test-'));
  return open(directory, options).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
}
