import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { HostFault } from './host-fault.ts';
import { describeError, type HostLog } from './log.ts';

/** A request as the host's parts see it. */
export interface HostRequest {
  readonly method: string;
  readonly url: URL;
  /** The path with every escape decoded once, `%2F` included, as the front end on Azure delivers it. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /**
   * Reads the whole body, up to 100 MiB.
   *
   * @throws {RequestFault} 413 beyond that.
   */
  body(): Promise<Buffer>;
}

export interface HostResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string;
}

export type HostHandler = (request: HostRequest) => Promise<HostResponse>;

/** A request that cannot be served, answered with `status` and the message as text. */
export class RequestFault extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'RequestFault';
    this.status = status;
  }
}

/** The size of the largest request body: https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits */
export const maximumBodySize = 100 * 1024 * 1024;

export interface HostServer {
  readonly url: string;
  /** Refuses new connections and answers 503 on open ones; ends when the last connection has. */
  refuse(): Promise<void>;
  /** Cuts the connections that are left. */
  close(): void;
}

/**
 * Listens and hands every request to `handler`.
 *
 * @throws {HostFault} `port-in-use` if something else listens there.
 */
export async function startHttpServer(
  { port, address, log }: { readonly port: number; readonly address: string; readonly log: HostLog },
  handler: HostHandler,
): Promise<HostServer> {
  let refusing = false;
  const server = createServer((message, response) => {
    const serve = refusing ? async () => ({ status: 503 }) : () => answer(message, handler, log);
    serve()
      .then((answered) => {
        if (refusing) response.setHeader('connection', 'close');
        send(response, answered);
      })
      .catch((error: unknown) => {
        log('warning', 'http', `A response could not be sent: ${describeError(error)}`);
        response.destroy();
      });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', (error) => failed(listenFault(error, port, address)));
    server.listen(port, address, listening);
  });
  const bound = server.address();
  const actualPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${actualPort}`,
    refuse() {
      refusing = true;
      return new Promise((closed) => server.close(() => closed()));
    },
    close: () => server.closeAllConnections(),
  };
}

function listenFault(error: Error, port: number, address: string): Error {
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error;
  const advice = 'Choose another with --port, or let --port 0 pick a free one.';
  return new HostFault('port-in-use', `Port ${port} on ${address} is in use. ${advice}`, [], error);
}

async function answer(message: IncomingMessage, handler: HostHandler, log: HostLog): Promise<HostResponse> {
  try {
    return await handler(readRequest(message));
  } catch (error) {
    if (error instanceof RequestFault) {
      const text = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' };
      return { status: error.status, headers: text, body: error.message };
    }
    log('error', 'http', describeError(error));
    return { status: 500 };
  }
}

function readRequest(message: IncomingMessage): HostRequest {
  const { method = 'GET', headers } = message;
  const url = readUrl(message);
  return { method, url, path: decodePath(url), headers, body: () => readBody(message) };
}

function readUrl({ url = '/', headers }: IncomingMessage): URL {
  try {
    // Anything but an absolute path ("*", "http://…") is not for this server, so it must not pick the host.
    if (!url.startsWith('/')) throw new TypeError('not an absolute path');
    return new URL(`http://${headers.host ?? 'localhost'}${url}`);
  } catch {
    throw new RequestFault(400, 'The request target or the Host header is not valid.');
  }
}

function decodePath(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    throw new RequestFault(400, 'The path holds a malformed escape.');
  }
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new RequestFault(413, `A body may hold ${maximumBodySize} bytes at most.`);
  if (Number(message.headers['content-length'] ?? 0) > maximumBodySize) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > maximumBodySize) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof RequestFault ? error : new RequestFault(400, 'The body ended early.');
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers = {}, body }: HostResponse): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

/** A JSON response. */
export function json(status: number, value: unknown): HostResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}
