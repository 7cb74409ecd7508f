import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A request as it arrived. */
export interface NotedArmRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** Azure Resource Manager on this machine, which answers every request alike. */
export interface ResourceManager {
  readonly url: string;
  readonly requests: readonly NotedArmRequest[];
  /** What every later request is answered by; text as it is, anything else as JSON. */
  answer(status: number, body: unknown): void;
  close(): Promise<void>;
}

export async function startResourceManager(): Promise<ResourceManager> {
  const requests: NotedArmRequest[] = [];
  let answer: { readonly status: number; readonly body: unknown } = { status: 500, body: {} };
  const server = createServer((request, response) => {
    const { method = '', url: target = '', headers } = request;
    requests.push({ method, target, headers });
    request.resume();
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer(status, body) {
      answer = { status, body };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
