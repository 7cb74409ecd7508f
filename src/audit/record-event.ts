import type { Fact } from '../history/fact.ts';
import { maxRecordIdLength, recordIdOf } from '../history/record-id.ts';
import { type AcceptedRegistry, acceptedRegistry, historyRegistry } from '../registry/accepted-registry.ts';
import { type RegistryEvent, readRegistryEvent } from '../registry/registry-event.ts';
import { AuditFault } from './fault.ts';
import type { Clock, ClockCheck, Log, Rejections } from './ports.ts';
import { type RecordFactPorts, recordFact } from './record-fact.ts';

export interface RecordEventPorts extends RecordFactPorts {
  readonly rejections: Rejections;
  readonly clock: Clock;
  /** Asked before an event is taken to be dated in the future: our clock may be behind. */
  readonly checkClock?: ClockCheck;
  readonly log: Log;
}

/** What became of an event. All of these are final: the delivery is acknowledged. */
export type EventOutcome = 'recorded' | 'known' | 'ignored' | 'rejected';

/** Characters of JSON above which an event cannot have come from Event Grid, whose limit is 1 MiB. */
const maxEventLength = 1_048_576;

/** Milliseconds by which a registry's clock may be ahead of ours. */
const maxClockSkewMs = 15 * 60_000;

/**
 * Records one delivered event. What can never be recorded (unreadable, from a registry that isn't accepted, dated in
 * the future) is kept with its reason and acknowledged; a passing fault is thrown, so that it is delivered again.
 */
export function recordEvent(registries: readonly AcceptedRegistry[], ports: RecordEventPorts) {
  const record = recordFact(ports);

  return async (input: unknown): Promise<EventOutcome> => {
    const payload = payloadOf(input);
    const now = ports.clock.now();

    async function reject(reason: string, detail: string, registry = 'unknown'): Promise<EventOutcome> {
      await ports.rejections.keep({ registry, reason, detail, receivedAt: now, payload });
      ports.log.warn('event rejected', { reason, detail, registry });
      return 'rejected';
    }

    if (payload === tooDeep) return reject('unreadable-event', tooDeep);
    if (payload.length > maxEventLength) {
      return reject(
        'oversized-event',
        `the event has ${payload.length} characters: at most ${maxEventLength}`,
      );
    }
    const reading = readRegistryEvent(input);
    if (reading.outcome === 'other-type') {
      ports.log.info('event of another type ignored', { type: reading.type });
      return 'ignored';
    }
    if (reading.outcome === 'invalid') {
      const problems = reading.problems.map(({ field, problem }) => `${field}: ${problem}`);
      return reject('unreadable-event', problems.join('; '));
    }
    const { event } = reading;
    const accepted = acceptedRegistry(event, registries);
    if (accepted === undefined) {
      return reject('unknown-registry', `${event.resourceId} is not among the accepted REGISTRIES`);
    }
    const registry = historyRegistry(event, accepted);
    if (registry === undefined) {
      const detail = 'the connected registry has a name that is not a domain label';
      return reject('unknown-registry', detail, accepted.loginServer);
    }
    if (event.occurredAt > now + maxClockSkewMs) {
      await ports.checkClock?.();
      // It was set right meanwhile.
      if (event.occurredAt <= ports.clock.now() + maxClockSkewMs) throw clockJumped();
      const detail = `data.timestamp ${new Date(event.occurredAt).toISOString()} is in the future`;
      return reject('future-timestamp', detail, accepted.loginServer);
    }
    if (recordIdOf(event.id).length > maxRecordIdLength) {
      const detail = `id: is longer than ${maxRecordIdLength} characters when escaped`;
      return reject('unreadable-event', detail, accepted.loginServer);
    }
    const result = await record({ registry, repository: event.repository, fact: factOf(event, now) });
    if (result.outcome === 'contradicted') {
      const detail = `another event was recorded with the id ${event.id} at the same time`;
      return reject('id-reused', detail, accepted.loginServer);
    }
    if (result.outcome === 'recorded') {
      const { kind } = result.entry;
      ports.log.info('event recorded', {
        registry,
        repository: event.repository,
        kind,
        event: event.id,
        record: recordIdOf(event.id),
        delayMs: now - event.occurredAt,
      });
    }
    if (result.outcome === 'known') {
      ports.log.info('event known', { registry, repository: event.repository, event: event.id });
    }
    return result.outcome;
  };
}

function clockJumped(): AuditFault {
  return new AuditFault('clock-apart', 'the clock of this instance was just set', { retryable: true });
}

const tooDeep = 'the event is nested too deeply to be kept';

function payloadOf(input: unknown): string {
  try {
    return JSON.stringify(input) ?? 'undefined';
  } catch {
    // Parsing takes any depth, writing does not.
    return tooDeep;
  }
}

function factOf(event: RegistryEvent, now: number): Fact {
  const isPush = event.action === 'push' || event.action === 'chart_push';
  const { mediaType, size, location, request, notes } = event;
  return {
    at: { time: event.occurredAt, id: recordIdOf(event.id) },
    action: isPush ? 'push' : 'delete',
    digest: event.digest,
    recordedAt: now,
    source: 'event',
    eventId: event.id,
    client: event.client,
    ...(isPush && event.tag !== undefined ? { tag: event.tag } : {}),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
    ...(location === undefined ? {} : { location }),
    ...(request?.id === undefined ? {} : { requestId: request.id }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
