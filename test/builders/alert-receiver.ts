import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadServerCertificate } from '../../local/acr/tls.ts';

/** A request that a receiver got. */
export interface ReceivedAlert {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When it had arrived whole, in epoch milliseconds. */
  readonly at: number;
}

/** A receiver of webhooks, or of a topic's events, on this machine. */
export interface AlertReceiver {
  readonly url: string;
  /** The authority of its certificate, as PEM text, when it has one. */
  readonly ca: string;
  readonly received: readonly ReceivedAlert[];
  /** How it answers from now on: a status, or whatever it does with the response. 200 unless told. */
  answer: number | ((response: ServerResponse) => void);
  close(): Promise<void>;
}

/** Starts a receiver of http, or of https with a certificate of an authority of its own. */
export async function startAlertReceiver({ tls = false } = {}): Promise<AlertReceiver> {
  const received: ReceivedAlert[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    received.push({
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      at: Date.now(),
    });
    const { answer } = receiver;
    if (typeof answer === 'number') response.writeHead(answer).end('{}');
    else answer(response);
  };
  const directory = await mkdtemp(join(tmpdir(), 'alerts-'));
  const { ca, certificate, key } = await loadServerCertificate(directory);
  const server = tls ? createTlsServer({ cert: certificate, key }, listener) : createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const receiver: AlertReceiver = {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${address.port}/alerts`,
    ca,
    received,
    answer: 200,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await rm(directory, { recursive: true, force: true });
    },
  };
  return receiver;
}

/** Whether a request is signed by a secret, as docs/alerts.md has receivers check it. */
export function isSigned(
  { headers, body }: Pick<ReceivedAlert, 'headers' | 'body'>,
  secret: string,
  now: number,
): boolean {
  const parts = String(headers['x-acr-audit-signature'] ?? '').split(',');
  const seconds = Number(parts.find((part) => part.startsWith('t='))?.slice(2));
  if (!(Math.abs(now / 1_000 - seconds) <= 300)) return false;
  const wanted = createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
  return parts
    .filter((part) => part.startsWith('v1='))
    .map((part) => Buffer.from(part.slice(3), 'hex'))
    .some((given) => given.length === wanted.length && timingSafeEqual(given, wanted));
}
