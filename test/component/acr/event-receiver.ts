import { createServer, type IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The event itself: Event Grid sends it in an array of one. */
  readonly event: Readonly<Record<string, unknown>>;
}

export interface EventReceiver {
  readonly endpoint: string;
  readonly deliveries: readonly Delivery[];
  /** The status of the next answers; the last one stays. */
  answerWith(...statuses: readonly number[]): void;
  /** `id` of each event in the order of arrival. */
  ids(): readonly unknown[];
  close(): Promise<void>;
}

const record = z.record(z.string(), z.unknown());
const validation = z.tuple([z.object({ data: z.object({ validationCode: z.string() }) })]);

export interface ReceiverOptions {
  readonly port?: number;
  /** Whether the handshake succeeds, default true. */
  readonly validates?: boolean;
}

/** An Event Grid webhook on the loopback interface. */
export async function openEventReceiver(options: ReceiverOptions = {}): Promise<EventReceiver> {
  const deliveries: Delivery[] = [];
  let statuses: readonly number[] = [200];

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(Buffer.from(chunk));
    }
    const text = Buffer.concat(chunks).toString('utf8');
    if (options.validates === false) {
      response.writeHead(200).end('{}');
      return;
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(200, { 'WebHook-Allowed-Origin': request.headers['webhook-request-origin'] }).end();
      return;
    }
    const body: unknown = JSON.parse(text);
    if (request.headers['aeg-event-type'] === 'SubscriptionValidation') {
      const [{ data }] = validation.parse(body);
      response.writeHead(200).end(JSON.stringify({ validationResponse: data.validationCode }));
      return;
    }
    const [status = 200, ...rest] = statuses;
    statuses = rest.length === 0 ? [status] : rest;
    deliveries.push({
      headers: request.headers,
      body,
      event: record.parse(Array.isArray(body) ? body[0] : body),
    });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    endpoint: `http://127.0.0.1:${port}/runtime/webhooks/EventGrid?functionName=registryEvents`,
    deliveries,
    answerWith: (...next) => {
      statuses = next;
    },
    ids: () => deliveries.map(({ event }) => event['id']),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
