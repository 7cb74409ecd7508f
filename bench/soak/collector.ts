import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import * as z from 'zod/mini';

const validation = z.tuple([z.object({ data: z.object({ validationCode: z.string() }) })]);
const notification = z.array(z.unknown());

/** Takes the registry's events, each once and in order, in place of the service. */
export interface Collector {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Listens for events; each is handed on as it was sent. */
export async function collectEvents(take: (event: unknown) => void): Promise<Collector> {
  const server = createServer((request, response) => {
    bodyOf(request).then(
      (body) => {
        if (request.headers['aeg-event-type'] === 'SubscriptionValidation') {
          const [{ data }] = validation.parse(body);
          response.end(JSON.stringify({ validationResponse: data.validationCode }));
          return;
        }
        for (const event of notification.parse(body)) take(event);
        response.end();
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
