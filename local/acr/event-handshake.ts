import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { EventSchema } from './event-message.ts';

const answer = z.object({ validationResponse: z.string() });
const timeoutMilliseconds = 30_000;

function refused(endpoint: string, reason: string): Error {
  return new Error(`The endpoint ${new URL(endpoint).origin} did not validate the subscription: ${reason}.`);
}

/** https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema */
async function validateEventGrid(endpoint: string, resourceId: string): Promise<void> {
  const validationCode = randomUUID();
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'aeg-event-type': 'SubscriptionValidation',
    },
    body: JSON.stringify([
      {
        id: randomUUID(),
        topic: resourceId,
        subject: '',
        eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
        eventTime: new Date().toISOString(),
        data: { validationCode },
        dataVersion: '2',
        metadataVersion: '1',
      },
    ]),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMilliseconds),
  });
  const text = await response.text();
  if (response.status !== 200) {
    throw refused(endpoint, `it answered ${response.status}`);
  }
  const parsed = answer.safeParse(safeJson(text));
  if (!parsed.success || parsed.data.validationResponse !== validationCode) {
    throw refused(endpoint, 'it did not return the validation code');
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection */
async function validateCloudEvents(endpoint: string): Promise<void> {
  const origin = 'eventgrid.azure.net';
  const response = await fetch(endpoint, {
    method: 'OPTIONS',
    headers: { 'WebHook-Request-Origin': origin },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMilliseconds),
  });
  await response.body?.cancel();
  const allowed = response.headers.get('WebHook-Allowed-Origin');
  if (!response.ok || (allowed !== origin && allowed !== '*')) {
    throw refused(
      endpoint,
      `it answered ${response.status} and allowed the origin ${allowed ?? 'not at all'}`,
    );
  }
}

/** Proves that the endpoint wants the events. @throws Error when it doesn't. */
export async function validateSubscription(
  endpoint: string,
  schema: EventSchema,
  resourceId: string,
): Promise<void> {
  await (schema === 'eventgrid' ? validateEventGrid(endpoint, resourceId) : validateCloudEvents(endpoint));
}
