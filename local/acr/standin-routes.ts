import { type RegistryFaults, readFaults } from './faults.ts';
import { type RegistryRequest, type Reply, readBody } from './message.ts';
import { badRequest } from './problem.ts';
import type { Route } from './routing.ts';

const pattern = /^\/_standin\/faults$/;
const maxBodyBytes = 16 * 1024;

/**
 * The fault switches over HTTP: `GET` reads them, `PUT` assigns the ones in its JSON body. Open to whoever
 * reaches the port, which listens on the loopback interface.
 */
export function standinRoutes(faults: RegistryFaults): readonly Route[] {
  async function assign(request: RegistryRequest): Promise<Reply> {
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
    { method: 'GET', pattern, access: 'open', handle: () => ({ status: 200, json: faults }) },
    { method: 'PUT', pattern, access: 'open', handle: assign },
  ];
}
