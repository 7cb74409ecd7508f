import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

/**
 * What happens to a request on its way.
 * - `503`, `429`: refused as the service does when it is busy, with `Retry-After`.
 * - `reset`: the connection ends before anything is answered, and nothing was done.
 * - `lost`: done, and the connection ends before anything is answered.
 * - `truncated`: done, and the connection ends in the middle of the answer's body.
 * - `cut`: done, and half of the body is all of an answer that does not say how long it is.
 * - `page`: not done, and answered 200 with a page of something in between.
 * - `empty`: not done, and answered 200 with nothing.
 * - `silent`: not done, and never answered.
 * - `stalled`: done, and nothing comes any more after half of the answer's body, or before it where there is none.
 */
export const wireFaults = [
  '503',
  '429',
  'reset',
  'lost',
  'truncated',
  'cut',
  'page',
  'empty',
  'silent',
  'stalled',
] as const;
export type WireFault = (typeof wireFaults)[number];

/** Whether it takes a deadline to notice. */
export const isEndless = (fault: WireFault): boolean => fault === 'silent' || fault === 'stalled';

/** A place in front of services of a connection string, at which the requests pass. */
export interface FaultyWire {
  readonly connectionString: string;
  /** Method and path of each request since the last {@link FaultyWire.watch}. */
  readonly requests: readonly string[];
  /** Counts anew, and disturbs the request at a place, or, without one, none. */
  watch(fault?: { readonly kind: WireFault; readonly at: number }): void;
  stop(): Promise<void>;
}

/** @param connectionString names an endpoint for each service. */
export async function faultyWire(connectionString: string): Promise<FaultyWire> {
  let requests: string[] = [];
  let planned: { readonly kind: WireFault; readonly at: number } | undefined;

  async function passedOn(to: URL, incoming: IncomingMessage, body: Buffer) {
    const { method = '', url = '', headers } = incoming;
    const onward = forward({ host: to.hostname, port: to.port, path: url, method, headers });
    onward.end(body);
    const [answered]: IncomingMessage[] = await once(onward, 'response');
    if (answered === undefined) throw new Error('no answer');
    return { status: answered.statusCode ?? 500, headers: answered.headers, body: await buffer(answered) };
  }

  async function answer(to: URL, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const place = requests.length;
    requests.push(`${incoming.method} ${new URL(incoming.url ?? '', to).pathname}`);
    const kind = planned?.at === place ? planned.kind : undefined;
    switch (kind) {
      case '503':
      case '429': {
        const code = kind === '503' ? 'ServerBusy' : 'TooManyRequests';
        outgoing.writeHead(Number(kind), { 'x-ms-error-code': code, 'retry-after': '1' });
        outgoing.end(JSON.stringify({ 'odata.error': { code } }));
        return;
      }
      case 'reset':
        incoming.socket.destroy();
        return;
      case 'silent':
        return;
      case 'page':
        outgoing.writeHead(200, { 'content-type': 'text/html' });
        outgoing.end('<html><body>Please sign in</body></html>');
        return;
      case 'empty':
        outgoing.writeHead(200);
        outgoing.end();
        return;
      default:
    }
    const answered = await passedOn(to, incoming, body);
    if (kind === 'lost') {
      incoming.socket.destroy();
      return;
    }
    if (kind === 'stalled') {
      if (answered.body.length === 0) return;
      outgoing.writeHead(answered.status, answered.headers);
      outgoing.write(answered.body.subarray(0, answered.body.length / 2));
      return;
    }
    if (kind === 'truncated') {
      const { 'transfer-encoding': _, ...headers } = answered.headers;
      outgoing.writeHead(answered.status, { ...headers, 'content-length': answered.body.length + 10 });
      outgoing.flushHeaders();
      outgoing.write(answered.body.subarray(0, answered.body.length / 2), () => incoming.socket.destroy());
      return;
    }
    if (kind === 'cut') {
      const { 'content-length': _, 'transfer-encoding': __, ...headers } = answered.headers;
      outgoing.writeHead(answered.status, headers);
      outgoing.end(answered.body.subarray(0, answered.body.length / 2));
      return;
    }
    outgoing.writeHead(answered.status, answered.headers);
    outgoing.end(incoming.method === 'HEAD' ? undefined : answered.body);
  }

  const servers: Server[] = [];
  let own = connectionString;
  for (const service of ['Blob', 'Queue', 'Table'] as const) {
    const [, endpoint = ''] = new RegExp(`${service}Endpoint=([^;]+)`).exec(connectionString) ?? [];
    const to = new URL(endpoint);
    const server = createServer((incoming, outgoing) => {
      answer(to, incoming, outgoing).catch(() => incoming.socket.destroy());
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    own = own.replace(
      `${service}Endpoint=${endpoint}`,
      `${service}Endpoint=http://127.0.0.1:${address.port}${to.pathname}`,
    );
  }
  return {
    connectionString: own,
    get requests() {
      return requests;
    },
    watch(fault) {
      requests = [];
      planned = fault;
    },
    async stop() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}
