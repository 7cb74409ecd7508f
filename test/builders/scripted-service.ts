import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the stand-in got. */
export interface GotRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the stand-in answers: a status and JSON, or text as it is, or a way to misbehave. */
export type ScriptedAnswer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status?: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> }
  | 'break-off'
  | 'silence';

/** A service on a free port of the machine that answers as it is told to, in turn; the last answer stays. */
export async function scriptedService(...answers: readonly ScriptedAnswer[]) {
  const got: GotRequest[] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const scripted = answers[Math.min(got.length, answers.length - 1)] ?? 'silence';
    got.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    if (scripted === 'silence') return;
    if (scripted === 'break-off') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"items": [');
      setTimeout(() => response.destroy(), 20);
      return;
    }
    const { status = 200, headers = {} } = scripted;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end('json' in scripted ? JSON.stringify(scripted.json) : scripted.text);
  }

  const address = await new Promise<AddressInfo>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const found = server.address();
      if (found !== null && typeof found === 'object') resolve(found);
    });
  });
  return {
    url: `http://127.0.0.1:${address.port}`,
    got,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
