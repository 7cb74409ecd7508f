import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadServerCertificate } from '../../../local/acr/tls.ts';

export interface ScriptedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a request is answered: with an answer, never, or with a connection that breaks in the middle of one. */
export type ScriptedAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text and bytes as they are, anything else as JSON. */
      readonly body?: unknown;
    }
  | 'silence'
  | 'silence after the headers'
  | 'broken off';

export interface ScriptedRegistry {
  readonly url: string;
  readonly ca: string;
  /** Every request so far. */
  readonly requests: readonly ScriptedRequest[];
  /** Decides every later answer, and forgets the requests so far. */
  answer(script: (request: ScriptedRequest) => ScriptedAnswer): void;
  close(): Promise<void>;
}

/** A TLS server that answers whatever a test tells it to, without asking for a token. */
export async function startScriptedRegistry(): Promise<ScriptedRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'scripted-registry-'));
  const { ca, certificate, key } = await loadServerCertificate(directory);
  const requests: ScriptedRequest[] = [];
  let script: (request: ScriptedRequest) => ScriptedAnswer = () => ({ status: 500 });

  const server = createServer({ cert: certificate, key }, async (incoming, outgoing) => {
    const { method = '', url: target = '', headers } = incoming;
    const request = { method, target, headers, body: await text(incoming).catch(() => '') };
    requests.push(request);
    const answer = script(request);
    switch (answer) {
      case 'silence':
        return;
      case 'silence after the headers':
        outgoing.writeHead(200, { 'Content-Type': 'application/json' }).write('{');
        return;
      case 'broken off':
        outgoing.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
        outgoing.write('{', () => outgoing.destroy());
        return;
      default:
        outgoing.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers });
        outgoing.end(
          typeof answer.body === 'string' || Buffer.isBuffer(answer.body)
            ? answer.body
            : JSON.stringify(answer.body ?? {}),
        );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  return {
    url: `https://localhost:${port}`,
    ca,
    requests,
    answer(next) {
      script = next;
      requests.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const digest = `sha256:${'a'.repeat(64)}`;

export const changeableAttributes = {
  deleteEnabled: true,
  writeEnabled: true,
  readEnabled: true,
  listEnabled: true,
};

/** A tag as `/acr/v1` writes it. */
export function tagJson(name: string, changes: object = {}): object {
  return {
    name,
    digest,
    createdTime: '2026-05-02T14:00:00.1234567Z',
    lastUpdateTime: '2026-05-02T14:00:01.9999999Z',
    signed: false,
    changeableAttributes,
    ...changes,
  };
}

/** A manifest as `/acr/v1` writes it. */
export function manifestJson(changes: object = {}): object {
  return {
    digest,
    imageSize: 3_023,
    createdTime: '2026-05-02T14:00:00.1234567Z',
    lastUpdateTime: '2026-05-02T14:00:00.1234567Z',
    architecture: 'amd64',
    os: 'linux',
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    configMediaType: 'application/vnd.docker.container.image.v1+json',
    tags: ['v1'],
    changeableAttributes,
    ...changes,
  };
}
