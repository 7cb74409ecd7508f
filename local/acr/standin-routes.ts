import { type RegistryFaults, readFaults } from './faults.ts';
import { type RegistryRequest, type Reply, readBody } from './message.ts';
import { badRequest, RegistryProblem } from './problem.ts';
import type { Route } from './routing.ts';

const pattern = /^\/_standin\/faults$/;
const maxBodyBytes = 16 * 1024;

/**
 * The fault switches over HTTP: `GET` reads them, `PUT` assigns the ones in its JSON body. They need no
 * credentials and answer this machine only, whatever interface the registry listens on.
 */
export function standinRoutes(faults: RegistryFaults): readonly Route[] {
  function requireLocal(request: RegistryRequest): void {
    if (!request.local) {
      throw new RegistryProblem(403, 'DENIED', 'The switches answer this machine only.');
    }
  }

  function read(request: RegistryRequest): Reply {
    requireLocal(request);
    return { status: 200, json: faults };
  }

  async function assign(request: RegistryRequest): Promise<Reply> {
    requireLocal(request);
    const text = (await readBody(request.body, maxBodyBytes)).toString('utf8');
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw badRequest('FAULTS_INVALID', 'The body is not JSON.');
    }
    Object.assign(faults, readFaults(body));
    return { status: 200, json: faults };
  }

  return [
    { method: 'GET', pattern, access: 'open', handle: read },
    { method: 'PUT', pattern, access: 'open', handle: assign },
  ];
}
