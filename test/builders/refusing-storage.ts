import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';

/** A request before it is passed on: of which service, and what. */
export interface StorageRequest {
  readonly service: 'Blob' | 'Queue' | 'Table';
  readonly method: string;
  /** Below the account, such as `/ledger/some-blob`. */
  readonly path: string;
}

/** Storage that stands in front of another, and refuses some of what it is asked with 403, as Azure does without a role. */
export interface RefusingStorage {
  readonly connectionString: string;
  /** The code that a request is refused with; `undefined` passes it on. */
  refuse: (request: StorageRequest) => string | undefined;
  readonly passed: readonly StorageRequest[];
  stop(): Promise<void>;
}

/** @param connectionString names an endpoint for each service. */
export async function refusingStorage(connectionString: string): Promise<RefusingStorage> {
  const passed: StorageRequest[] = [];
  const servers: Server[] = [];
  const storage = {
    connectionString,
    refuse: (_: StorageRequest): string | undefined => undefined,
    passed,
    async stop() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };

  function answer(
    service: StorageRequest['service'],
    to: URL,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ) {
    const { method = '', url = '', headers } = incoming;
    const { pathname } = new URL(url, to);
    const request = { service, method, path: pathname.slice(to.pathname.length) };
    const code = storage.refuse(request);
    if (code === undefined) {
      passed.push(request);
      const onward = forward({ host: to.hostname, port: to.port, path: url, method, headers }, (answered) => {
        outgoing.writeHead(answered.statusCode ?? 500, answered.headers);
        pipeline(answered, outgoing, () => undefined);
      });
      pipeline(incoming, onward, () => undefined);
      return;
    }
    incoming.resume();
    outgoing.writeHead(403, { 'x-ms-error-code': code, 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: code } } }));
  }

  for (const service of ['Blob', 'Queue', 'Table'] as const) {
    const [, endpoint = ''] = new RegExp(`${service}Endpoint=([^;]+)`).exec(connectionString) ?? [];
    const to = new URL(endpoint);
    const server = createServer((incoming, outgoing) => answer(service, to, incoming, outgoing));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('No port.');
    storage.connectionString = storage.connectionString.replace(
      `${service}Endpoint=${endpoint}`,
      `${service}Endpoint=http://127.0.0.1:${address.port}${to.pathname}`,
    );
  }
  return storage;
}
