import { randomUUID } from 'node:crypto';
import type { Change, ManifestRecord, RegistryEvent } from './change.ts';
import type { RegistryFaults } from './faults.ts';
import type { RegistryRequest } from './message.ts';
import type { RegistryState } from './state.ts';
import { nanosecondText } from './timestamps.ts';

const maxUserAgentLength = 1024;

interface EventSubject {
  readonly repository: string;
  readonly manifest: ManifestRecord;
  readonly tag?: string | undefined;
  /** When it happened, 7 fractional digits. */
  readonly at: string;
}

/**
 * Makes the change that records an event for every subscription; committed together with what it reports, so
 * that neither can be lost alone. No change results when nobody subscribed or a fault switch swallows it.
 */
export interface EventRecorder {
  pushed(subject: EventSubject, request: RegistryRequest): readonly Change[];
  deleted(subject: EventSubject, request: RegistryRequest): readonly Change[];
}

export interface EventRecorderOptions {
  readonly state: Pick<RegistryState, 'subscriptions'>;
  readonly faults: RegistryFaults;
  readonly timestamp: () => string;
  readonly random: () => number;
  readonly loginServer: string;
  readonly location: string;
}

/** Shapes: https://learn.microsoft.com/azure/event-grid/event-schema-container-registry, data version 2.0. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { state, faults, timestamp, random, loginServer, location } = options;

  function record(event: () => RegistryEvent): readonly Change[] {
    const subscriptions = Array.from(state.subscriptions.keys());
    const lost = faults.eventDropProbability > 0 && random() < faults.eventDropProbability;
    return subscriptions.length === 0 || !faults.events || lost
      ? []
      : [{ op: 'event', event: event(), subscriptions }];
  }

  function requestPart(request: RegistryRequest): Readonly<Record<string, string>> {
    return {
      id: request.correlationId,
      host: loginServer,
      method: request.method,
      useragent: (request.headers['user-agent'] ?? '').slice(0, maxUserAgentLength),
    };
  }

  return {
    /** A push by digest has no tag. Its subject isn't documented: `repository@digest` is this stand-in's choice. */
    pushed: ({ repository, manifest: { mediaType, size, digest }, tag, at }, request) =>
      record(() => ({
        id: randomUUID(),
        type: 'ImagePushed',
        subject: tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`,
        data: {
          id: randomUUID(),
          timestamp: nanosecondText(at),
          action: 'push',
          location,
          target: {
            mediaType,
            size,
            digest,
            length: size,
            repository,
            ...(tag === undefined ? {} : { tag }),
          },
          request: requestPart(request),
        },
        time: timestamp(),
      })),
    deleted: ({ repository, manifest: { mediaType, digest }, at }, request) =>
      record(() => ({
        id: randomUUID(),
        type: 'ImageDeleted',
        subject: repository,
        data: {
          id: randomUUID(),
          timestamp: nanosecondText(at),
          action: 'delete',
          location,
          target: { mediaType, digest, repository },
          request: requestPart(request),
        },
        time: timestamp(),
      })),
  };
}
