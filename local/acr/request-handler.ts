import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList } from 'node:net';
import { authorize, identifyCaller } from './authorization.ts';
import { applyRequestFaults, type RegistryFaults } from './faults.ts';
import type { Identities } from './identities.ts';
import { type RegistryRequest, type Reply, writeReply } from './message.ts';
import { problemBody, RegistryProblem } from './problem.ts';
import { matchRoute, neededAccess, type Route, readTarget } from './routing.ts';
import type { Tokens } from './tokens.ts';

export interface RequestHandlerPorts {
  readonly routes: readonly Route[];
  readonly identities: Identities;
  readonly tokens: Tokens;
  readonly faults: RegistryFaults;
  readonly loginServer: string;
  readonly log: (line: string) => void;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function addressFamily({ socket }: IncomingMessage): 'ipv4' | 'ipv6' {
  return socket.remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4';
}

function problemReply(problem: RegistryProblem): Reply {
  return { status: problem.status, headers: problem.headers, json: problemBody(problem) };
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Handles every request: whatever it is, the answer has the registry's shape and the process goes on. */
export function createRequestHandler(ports: RequestHandlerPorts): RequestHandler {
  const { routes, faults, loginServer, log } = ports;

  async function answer(incoming: IncomingMessage, correlationId: string): Promise<Reply> {
    const method = incoming.method ?? '';
    const { path, query } = readTarget(incoming.url ?? '');
    if (path.startsWith('/v2') || path.startsWith('/acr/')) {
      await applyRequestFaults(faults, path);
    }
    const match = matchRoute(routes, method, path);
    let mayAlso: RegistryRequest['mayAlso'] = () => false;
    if (match.route.access !== 'open') {
      const caller = await identifyCaller(incoming.headers.authorization, ports);
      const { may } = authorize(loginServer, caller, neededAccess(match));
      mayAlso = (name, action) => may({ type: 'repository', name, actions: [action] });
    }
    return match.route.handle({
      method,
      parameters: match.parameters,
      query,
      headers: incoming.headers,
      body: incoming,
      correlationId,
      local: loopback.check(incoming.socket.remoteAddress ?? '', addressFamily(incoming)),
      mayAlso,
    });
  }

  return async (incoming, response) => {
    const correlationId = randomUUID();
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    response.setHeader('x-ms-correlation-request-id', correlationId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (incoming.method === 'DELETE') {
      // The recorded figure of every delete.
      response.setHeader('X-Ms-Ratelimit-Remaining-Calls-Per-Second', '8.000000');
    }
    try {
      const reply = await answer(incoming, correlationId).catch((error: unknown): Reply => {
        if (error instanceof RegistryProblem) {
          return problemReply(error);
        }
        log(`${incoming.method} ${JSON.stringify(incoming.url)} failed: ${String(error)}`);
        return problemReply(new RegistryProblem(500, 'UNKNOWN', 'unknown error'));
      });
      // What wasn't read of the body is read and dropped, so that the connection can be used again.
      incoming.resume();
      await writeReply(response, reply, incoming.method ?? '');
    } catch (error) {
      log(`${incoming.method} ${JSON.stringify(incoming.url)} broke off: ${String(error)}`);
      response.destroy();
    }
  };
}
