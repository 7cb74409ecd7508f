import { createReadStream } from 'node:fs';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RegistryProblem } from './problem.ts';

/** One request, its path already decoded and matched. */
export interface RegistryRequest {
  readonly method: string;
  /** The named groups of the matched path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** The value of `x-ms-correlation-request-id` in the answer and `request.id` in an event. */
  readonly correlationId: string;
  /** Whether the connection comes from this machine. */
  readonly local: boolean;
  /** Whether the caller may perform these actions on this repository as well. */
  readonly mayAlso: (repository: string, action: string) => boolean;
}

/** An answer: at most one of `json`, `bytes` and `file` is its body. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  /** A file on disk, `end` inclusive. */
  readonly file?: { readonly path: string; readonly start: number; readonly end: number };
  /** The length told to a HEAD request, which has no body. */
  readonly length?: number;
}

/** The one value of a path parameter. The pattern that matched guarantees it. */
export function parameter(request: RegistryRequest, name: string): string {
  const value = request.parameters[name];
  if (value === undefined) {
    throw new Error(`The route has no parameter ${name}.`);
  }
  return value;
}

/** Reads a body of at most `limit` bytes. @throws RegistryProblem 413 when it is longer. */
export async function readBody(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > limit) {
      throw new RegistryProblem(413, 'SIZE_INVALID', `The body is longer than ${limit} bytes.`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Writes the reply; a HEAD request gets the headers alone. */
export async function writeReply(response: ServerResponse, reply: Reply, method: string): Promise<void> {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    response.setHeader(name, value);
  }
  if (reply.json !== undefined) {
    const text = Buffer.from(JSON.stringify(reply.json));
    response.setHeader(
      'Content-Type',
      response.getHeader('Content-Type') ?? 'application/json; charset=utf-8',
    );
    response.setHeader('Content-Length', text.length);
    response.end(method === 'HEAD' ? undefined : text);
    return;
  }
  if (reply.file !== undefined) {
    response.setHeader('Content-Length', reply.file.end - reply.file.start + 1);
    if (method === 'HEAD' || reply.file.end < reply.file.start) {
      response.end();
    } else {
      await pipeline(createReadStream(reply.file.path, reply.file), response);
    }
    return;
  }
  const bytes = reply.bytes ?? new Uint8Array();
  if (reply.status !== 204) {
    response.setHeader('Content-Length', reply.length ?? bytes.length);
  }
  response.end(method === 'HEAD' ? undefined : bytes);
}
