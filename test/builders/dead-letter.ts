import { asCloudEvent, type EventGridJson } from './registry-event.ts';

/** An event as Event Grid writes it when it gives up delivering it, in its own schema. */
export function deadLettered(event: EventGridJson): EventGridJson & Readonly<Record<string, unknown>> {
  return {
    ...event,
    deadLetterReason: 'MaxDeliveryAttemptsExceeded',
    deliveryAttempts: 30,
    lastDeliveryOutcome: 'GenericError',
    lastHttpStatusCode: 500,
    publishTime: event.eventTime,
    lastDeliveryAttemptTime: '2026-05-02T23:14:27.1234567Z',
  };
}

/** The same in the CloudEvents schema, whose attributes are in lower case. */
export function deadLetteredCloudEvent(event: EventGridJson): Readonly<Record<string, unknown>> {
  return {
    ...asCloudEvent(event),
    deadletterreason: 'TimeToLiveExceeded',
    deliveryattempts: 12,
    lastdeliveryoutcome: 'TimedOut',
    lasthttpstatuscode: 408,
    publishtime: event.eventTime,
    lastdeliveryattempttime: '2026-05-02T23:14:27.1234567Z',
  };
}

/** The name Event Grid gives to the `index`th blob of an hour. */
export function deadLetterName(index: number): string {
  const guid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  return `contoso-events/ACR-AUDIT/2026/5/2/23/${guid}.json`;
}
