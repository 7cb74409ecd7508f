import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { loadServerCertificate } from '../acr/tls.ts';
import { answerFaulty, type ListFault } from './faults.ts';
import { type JsonAnswer, listing, status } from './listing.ts';
import { type Resource, resources } from './object.ts';
import { type Rollouts, rollouts } from './rollout.ts';
import { clusterState, type SentObject } from './state.ts';

export interface KubernetesOptions {
  /** A free one unless told. */
  readonly port?: number;
  /** Where certificates are kept; a folder that is removed again unless told. */
  readonly dataDirectory?: string;
  /** The cluster's clock, in epoch milliseconds. */
  readonly now?: () => number;
}

/** A request as it arrived. */
export interface NotedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
}

/** An API server on this machine, with the lists that inventories read. */
export interface RunningKubernetes extends Rollouts {
  readonly url: string;
  /** The authority of its certificate, as PEM text, and a file with it. */
  readonly ca: string;
  readonly caFile: string;
  /** The bearer token that it takes. */
  readonly token: string;
  readonly kubeconfig: string;
  readonly requests: readonly NotedRequest[];
  /** Creates or replaces an object; nothing follows from it by itself. */
  put(resource: Resource, object: SentObject): void;
  remove(resource: Resource, namespace: string, name: string): void;
  /** Makes a list fail from now on; without a fault it answers again. `expired` and `empty page` happen once. */
  fail(resource: Resource, fault?: ListFault): void;
  close(): Promise<void>;
}

/** Characters of an answer that real servers compress (APIResponseCompression). */
const compressedFrom = 128 * 1024;

/** Starts the API server; its objects are gone when it is closed. @throws Error when the port is taken. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<RunningKubernetes> {
  const { port = 0, now = () => Date.now() } = options;
  const directory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'kubernetes-')));
  const { ca, caFile, certificate, key } = await loadServerCertificate(join(directory, 'tls'));
  const token = randomBytes(24).toString('base64url');
  const state = clusterState(now);
  const list = listing(state);
  const faults = new Map<Resource, ListFault>();
  const requests: NotedRequest[] = [];

  function answerTo(request: IncomingMessage, response: ServerResponse): JsonAnswer | undefined {
    const { method = '', url: target = '/', headers } = request;
    requests.push({ method, target });
    if (headers.authorization !== `Bearer ${token}`) return status(401, 'Unauthorized', 'Unauthorized');
    const { pathname, searchParams: query } = new URL(target, 'https://localhost');
    const resource = resourceAt(pathname);
    if (resource === undefined)
      return status(404, 'NotFound', 'the server could not find the requested resource');
    if (method !== 'GET') return status(405, 'MethodNotAllowed', `${method} is not supported here`);
    const fault = faults.get(resource);
    if (fault === undefined) return list(resource, query);
    if ((fault === 'expired' && query.has('continue')) || fault === 'empty page') faults.delete(resource);
    return answerFaulty(fault, { resource, query, response, list });
  }

  const server = createServer({ cert: certificate, key }, (request, response) => {
    request.resume();
    const answer = answerTo(request, response);
    if (answer === undefined) return;
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    const isCompressed =
      text.length > compressedFrom && String(request.headers['accept-encoding']).includes('gzip');
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      ...(isCompressed ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    });
    response.end(isCompressed ? gzipSync(text) : text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const url = `https://localhost:${typeof address === 'object' && address !== null ? address.port : port}`;

  return {
    ...rollouts(state, now),
    url,
    ca,
    caFile,
    token,
    kubeconfig: kubeconfigFor(url, ca, token),
    requests,
    put: (resource, object) => void state.put(resource, object),
    remove: state.remove,
    fail(resource, fault) {
      if (fault === undefined) faults.delete(resource);
      else faults.set(resource, fault);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (options.dataDirectory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The resource whose list of all namespaces a path is. */
function resourceAt(path: string): Resource | undefined {
  for (const [resource, { apiVersion }] of Object.entries(resources)) {
    const prefix = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    if (path === `${prefix}/${resource}` && isResource(resource)) return resource;
  }
  return undefined;
}

function isResource(name: string): name is Resource {
  return Object.hasOwn(resources, name);
}

function kubeconfigFor(server: string, ca: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'local',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'acr-audit', user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'acr-audit' } }],
    'current-context': 'local',
  });
}
