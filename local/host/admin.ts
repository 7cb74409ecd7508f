import { z } from 'zod';
import type { InvocationRequest } from './core-api.ts';
import { eventRequest, isEvent } from './event-grid-trigger.ts';
import type { HostedFunction } from './function-metadata.ts';
import { type HostHandler, type HostResponse, json, RequestFault } from './http-server.ts';
import type { Invoker } from './invocation.ts';
import type { Access } from './keys.ts';
import { queueRequest } from './queue-message.ts';
import { timerRequest } from './timer-trigger.ts';

/** Where the admin API begins; matched without regard to case. */
export const adminPath = '/admin/';

const invocation = z.object({ input: z.unknown().optional() });

export interface AdminOptions {
  readonly targets: readonly HostedFunction[];
  readonly invoker: Invoker;
  readonly access: Access;
  readonly hostVersion: string;
}

/**
 * The admin API: lists functions, tells the host's state, and starts a function that has no HTTP trigger.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 */
export function createAdmin({ targets, invoker, access, hostVersion }: AdminOptions): HostHandler {
  const startedAt = Date.now();

  function find(name: string): HostedFunction {
    const target = targets.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (target === undefined) throw new RequestFault(404, `There is no function "${name}".`);
    return target;
  }

  function start(target: HostedFunction, body: Buffer): HostResponse {
    const { input } = readInvocation(body);
    const request = requestFor(target, input);
    // The caller does not wait; the outcome is in the log.
    void invoker.invoke(target, request);
    return { status: 202 };
  }

  return async (request) => {
    if (!access.allows(request, 'admin')) return { status: 401 };
    const [, , resource = '', name, ...rest] = request.path.split('/');
    const route = `${request.method} ${resource.toLowerCase()}`;
    if (rest.length > 0) return { status: 404 };
    if (route === 'GET functions') {
      return json(200, name === undefined || name === '' ? targets.map(describe) : describe(find(name)));
    }
    if (route === 'POST functions' && name !== undefined) return start(find(name), await request.body());
    if (route === 'GET host' && name === 'status') {
      return json(200, { state: 'Running', version: hostVersion, processUptime: Date.now() - startedAt });
    }
    if (resource.toLowerCase() === 'host' && name === 'ping') return { status: 200 };
    return { status: 404 };
  };
}

function describe({ name, trigger, disabled, metadata }: HostedFunction) {
  const bindings = Object.entries(metadata.bindings).map(([binding, properties]) => ({
    ...properties,
    name: binding,
  }));
  return { name, trigger: trigger.kind, isDisabled: disabled, config: { bindings } };
}

function readInvocation(body: Buffer): z.infer<typeof invocation> {
  try {
    return invocation.parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw new RequestFault(400, 'The body must be JSON such as {"input": "..."}.');
  }
}

function requestFor(target: HostedFunction, input: unknown): InvocationRequest {
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? '');
  switch (target.trigger.kind) {
    case 'timer':
      return timerRequest(target, undefined, false);
    case 'queue':
      return queueRequest(target, text, undefined);
    case 'eventGrid':
      return eventRequest(target, readEvent(text));
    case 'http':
      throw new RequestFault(400, `Call the HTTP function "${target.name}" at its route.`);
  }
}

function readEvent(text: string) {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    event = undefined;
  }
  if (!isEvent(event))
    throw new RequestFault(400, 'The input of an Event Grid function must be an event as JSON.');
  return event;
}
