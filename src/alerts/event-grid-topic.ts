import type { TokenCredential } from '@azure/core-auth';
import { isRestError } from '@azure/core-rest-pipeline';
import { EventGridPublisherClient } from '@azure/eventgrid';
import { AuditFault } from '../audit/fault.ts';
import type { AlertSink } from '../audit/inventory-ports.ts';
import { alertEvent } from './alert-event.ts';

export interface EventGridTopicOptions {
  /** Such as `https://acr-audit.westeurope-1.eventgrid.azure.net/api/events`: a token is sent to https alone. */
  readonly endpoint: string;
  /** The authority to trust, as PEM text, instead of those of the system. */
  readonly ca?: string;
  /** An identity with the role EventGrid Data Sender on the topic. */
  readonly credential: TokenCredential;
  /** Milliseconds a call may take, its retries included; 15 seconds unless told. */
  readonly timeoutMs?: number;
}

/** What Event Grid says of an event that it will never take: https://learn.microsoft.com/azure/event-grid/post-to-custom-topic */
const permanent = new Set([400, 413]);

/** Publishes alerts as CloudEvents to a custom topic of Event Grid, of the schema `CloudEventSchemaV1_0`. */
export function eventGridTopic({
  endpoint,
  credential,
  ca,
  timeoutMs = 15_000,
}: EventGridTopicOptions): AlertSink {
  const client = new EventGridPublisherClient(endpoint, 'CloudEvent', credential, {
    retryOptions: { maxRetries: 2, maxRetryDelayInMs: 2_000 },
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  });
  return {
    name: 'event-grid',
    async send(alert) {
      const { time, specversion: _, datacontenttype: type, ...event } = alertEvent(alert);
      try {
        await client.send([{ ...event, time: new Date(time), datacontenttype: type }], {
          abortSignal: AbortSignal.timeout(timeoutMs),
        });
      } catch (error) {
        const status = isRestError(error) ? error.statusCode : undefined;
        const message =
          status === undefined ? 'the topic did not answer' : `the topic refused the alert with ${status}`;
        throw new AuditFault(`event-grid-${status ?? 'unreachable'}`, message, {
          retryable: status === undefined || !permanent.has(status),
          cause: error,
        });
      }
    },
  };
}
