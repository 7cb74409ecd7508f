import type { RegistryEvent } from './change.ts';
import type { Subscription } from './state.ts';

export type EventSchema = Subscription['schema'];

export interface EventMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface EventMessageOptions {
  /** ARM id of the registry: the topic or source. */
  readonly resourceId: string;
  /** Write `data` as a JSON string. */
  readonly stringData: boolean;
}

const typePrefix = 'Microsoft.ContainerRegistry.';

/**
 * One event as a subscription receives it: an array of one in the Event Grid schema, a single object in the
 * CloudEvents schema. https://learn.microsoft.com/azure/event-grid/event-schema-container-registry
 */
export function eventMessage(
  event: RegistryEvent,
  schema: EventSchema,
  { resourceId, stringData }: EventMessageOptions,
): EventMessage {
  const data = stringData ? JSON.stringify(event.data) : event.data;
  switch (schema) {
    case 'eventgrid':
      return {
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'aeg-event-type': 'Notification',
          'aeg-data-version': '2.0',
          'aeg-metadata-version': '1',
        },
        body: [
          {
            id: event.id,
            topic: resourceId,
            subject: event.subject,
            eventType: `${typePrefix}${event.type}`,
            eventTime: event.time,
            data,
            dataVersion: '2.0',
            metadataVersion: '1',
          },
        ],
      };
    case 'cloudevents':
      return {
        headers: {
          'Content-Type': 'application/cloudevents+json; charset=utf-8',
          'aeg-event-type': 'Notification',
        },
        body: {
          id: event.id,
          source: resourceId,
          specversion: '1.0',
          type: `${typePrefix}${event.type}`,
          dataschema: '#2.0',
          subject: event.subject,
          time: event.time,
          data,
        },
      };
  }
}
