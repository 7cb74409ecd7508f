import type { InvocationRequest, TypedData } from './core-api.ts';
import type { HostedFunction } from './function-metadata.ts';
import { type HostHandler, type HostRequest, type HostResponse, json, RequestFault } from './http-server.ts';
import type { InvocationOutcome, Invoker } from './invocation.ts';
import type { Access } from './keys.ts';
import type { HostLog } from './log.ts';

/** Where Event Grid delivers; the path is matched without regard to case. */
export const eventGridPath = '/runtime/webhooks/eventgrid';

type EventObject = Readonly<Record<string, unknown>>;

export interface EventGridTriggerOptions {
  readonly targets: readonly HostedFunction[];
  readonly invoker: Invoker;
  readonly access: Access;
  readonly log: HostLog;
}

/**
 * The webhook of the Event Grid extension: both validation handshakes, then one invocation per event, all at once.
 * A single failed event makes the whole delivery fail, so Event Grid delivers its siblings again.
 *
 * @see https://github.com/Azure/azure-sdk-for-net/tree/main/sdk/eventgrid/Microsoft.Azure.WebJobs.Extensions.EventGrid
 * @see https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
 */
export function createEventGridTrigger(options: EventGridTriggerOptions): HostHandler {
  const { targets, invoker, access, log } = options;

  return async (request) => {
    if (!access.allows(request, 'system')) return { status: 401 };
    const name = request.url.searchParams.get('functionName') ?? '';
    const target = targets.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (target === undefined || target.disabled)
      throw new RequestFault(404, `cannot find function: '${name}'`);
    if (request.method === 'OPTIONS') return allowOrigin(request);
    switch (eventTypeOf(request)) {
      case 'subscriptionvalidation':
        log('information', target.name, 'answering the validation handshake of an event subscription');
        return validate(await readEvents(request));
      case 'notification':
        return deliver(await readEvents(request), target, invoker);
      case 'unsubscribe':
        log('information', target.name, 'accepting the end of an event subscription');
        return { status: 202 };
      default:
        throw new RequestFault(400, 'The header aeg-event-type is missing or not known.');
    }
  };
}

function eventTypeOf({ headers }: HostRequest): string {
  const value = headers['aeg-event-type'];
  return typeof value === 'string' ? value.toLowerCase() : '';
}

function allowOrigin({ headers }: HostRequest): HostResponse {
  const origin = headers['webhook-request-origin'];
  if (typeof origin !== 'string')
    throw new RequestFault(400, 'The header Webhook-Request-Origin is missing.');
  return { status: 200, headers: { 'webhook-allowed-origin': origin } };
}

function validate([event]: readonly EventObject[]): HostResponse {
  const data = typeof event?.['data'] === 'string' ? parseJson(event['data']) : event?.['data'];
  const code = isEvent(data) ? data['validationCode'] : undefined;
  if (typeof code !== 'string') throw new RequestFault(400, 'The event holds no data.validationCode.');
  return json(200, { validationResponse: code });
}

async function deliver(
  events: readonly EventObject[],
  target: HostedFunction,
  invoker: Invoker,
): Promise<HostResponse> {
  const batched = target.trigger.properties['cardinality'] === 'many';
  const runs: Promise<InvocationOutcome>[] =
    batched && events.length > 0
      ? [invoker.invoke(target, eventBatchRequest(target, events))]
      : events.map((event) => invoker.invoke(target, eventRequest(target, event)));
  const outcomes = await Promise.all(runs);
  return { status: outcomes.every(({ succeeded }) => succeeded) ? 202 : 500 };
}

/** One event as an invocation. */
export function eventRequest({ trigger }: HostedFunction, event: EventObject): InvocationRequest {
  const data = event['data'];
  const metadata: TypedData =
    typeof data === 'string' ? { string: data } : { json: JSON.stringify(data ?? null) };
  return {
    inputData: [{ name: trigger.name, data: { json: JSON.stringify(event) } }],
    triggerMetadata: { data: metadata },
  };
}

function eventBatchRequest({ trigger }: HostedFunction, events: readonly EventObject[]): InvocationRequest {
  const string = events.map((event) => JSON.stringify(event));
  return { inputData: [{ name: trigger.name, data: { collectionString: { string } } }] };
}

/** Events of either schema come as one object or as an array of objects. */
async function readEvents(request: HostRequest): Promise<readonly EventObject[]> {
  const content = parseJson((await request.body()).toString('utf8'));
  const events: readonly unknown[] = Array.isArray(content) ? content : [content];
  if (!events.every(isEvent)) throw new RequestFault(400, 'Every event must be a JSON object.');
  return events;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestFault(400, 'The body is not valid JSON.');
  }
}

/** Whether a parsed value can be an event. */
export function isEvent(value: unknown): value is EventObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
