import type { Fields } from './fields.ts';
import { type Form, freeText, identifier, textThat, timestampForm } from './form.ts';
import { type RegistryResource, registryResourceForm } from './registry-resource.ts';

/** What surrounds an event's data, in either of the schemas that Event Grid delivers. */
export interface EventEnvelope {
  readonly id: string | undefined;
  readonly registry: RegistryResource | undefined;
  readonly subject: string | undefined;
  /** Epoch milliseconds. */
  readonly time: number | undefined;
  readonly dataVersion: string | undefined;
  readonly data: Fields;
}

/** The event's type as sent, which is the first thing to know about it. */
export function readEventType(event: Fields): string | undefined {
  return event.required(isCloudEvent(event) ? 'type' : 'eventType', eventTypeForm);
}

/**
 * Reads what surrounds the data. Sources:
 * https://learn.microsoft.com/azure/event-grid/event-schema and
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export function readEnvelope(event: Fields): EventEnvelope {
  const schema = isCloudEvent(event) ? cloudEventNames : eventGridNames;
  if (isCloudEvent(event)) {
    event.required('specversion', specVersionForm);
  }
  return {
    id: event.required('id', identifier),
    registry: event.required(schema.source, registryResourceForm),
    subject: event.optional('subject', freeText(1_024)),
    time: event.optional(schema.time, timestampForm),
    dataVersion: event.optional(schema.dataVersion, freeText(64))?.replace(/^#/, ''),
    data: event.object('data', parseData),
  };
}

const eventGridNames = { source: 'topic', time: 'eventTime', dataVersion: 'dataVersion' };
/** Event Grid writes the version of the data as the schema `#1.0`. */
const cloudEventNames = { source: 'source', time: 'time', dataVersion: 'dataschema' };

const eventTypeForm: Form<string> = textThat('the type of an event', (text) => text.length > 0);
const specVersionForm = textThat('"1.0", the version of CloudEvents', (text) => text === '1.0');

function isCloudEvent(event: Fields): boolean {
  return (
    event.sent('specversion') !== undefined ||
    (event.sent('eventType') === undefined && event.sent('type') !== undefined)
  );
}

/** Event Grid delivers no event above 1 MB: https://learn.microsoft.com/azure/event-grid/quotas-limits */
const maxDataLength = 1_048_576;

/** Some deliveries carry the data as the text of a JSON object. Other text stays what it is: no object. */
function parseData(data: unknown): unknown {
  if (typeof data !== 'string' || data.length > maxDataLength) {
    return data;
  }
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
