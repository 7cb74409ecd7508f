import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { z } from 'zod';

const event = z.object({
  data: z.object({
    id: z.string(),
    change: z.string(),
    kind: z.string(),
    severity: z.string(),
    image: z.string().optional(),
    repository: z.string(),
    detail: z.record(z.string(), z.unknown()),
  }),
});

/** An alert as it arrived. */
export type HeardAlert = z.infer<typeof event>['data'] & { readonly at: number };

/** A webhook on this machine that hears the service's alerts. */
export interface AlertListener {
  readonly url: string;
  /** What it checks signatures by, made anew each time. */
  readonly secret: string;
  readonly heard: readonly HeardAlert[];
  close(): Promise<void>;
}

/** Characters of an alert; the service sends fewer. */
const mostLength = 256 * 1024;

/** Starts the webhook; `onAlert` is told of each alert that is signed as it should be. */
export async function startAlertListener(onAlert: (alert: HeardAlert) => void): Promise<AlertListener> {
  const secret = randomBytes(24).toString('base64url');
  const heard: HeardAlert[] = [];

  function isSigned(header: string, body: string): boolean {
    const [time = '', ...signatures] = header.split(',');
    const wanted = createHmac('sha256', secret)
      .update(`${time.replace('t=', '')}.${body}`)
      .digest();
    return signatures.some((text) => {
      const given = Buffer.from(text.replace('v1=', ''), 'hex');
      return given.length === wanted.length && timingSafeEqual(given, wanted);
    });
  }

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) {
      body += chunk;
      if (body.length > mostLength) return void response.writeHead(413).end();
    }
    if (!isSigned(String(request.headers['x-acr-audit-signature']), body)) {
      return void response.writeHead(401).end();
    }
    const reading = event.safeParse(JSON.parse(body));
    response.writeHead(reading.success ? 204 : 422).end();
    if (!reading.success) return;
    const alert = { ...reading.data.data, at: Date.now() };
    heard.push(alert);
    onAlert(alert);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    secret,
    heard,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** An alert as one line for people. */
export function alertText({ severity, kind, change, image, repository, detail }: HeardAlert): string {
  const workloads = Array.isArray(detail['workloads']) ? `: ${detail['workloads'].join(', ')}` : '';
  return `ALERT ${severity} ${kind} ${change}, ${image ?? repository}${workloads}`;
}
