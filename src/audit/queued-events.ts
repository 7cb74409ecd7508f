import { readEventList } from './event-list.ts';
import { messageText } from './message-text.ts';
import type { Clock, Log, Rejections } from './ports.ts';
import { type RecordEvent, recordAll } from './record-all.ts';

export interface QueuedEventsPorts {
  readonly record: RecordEvent;
  readonly rejections: Rejections;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Records the events of one queue message: an event, an array of them, or the text of either. Text that is no JSON will
 * never be: it is rejected at once. A passing fault is thrown when all events have been tried, so that the message comes
 * back; those that were recorded are then known.
 */
export function recordQueuedEvents({ record, rejections, clock, log }: QueuedEventsPorts) {
  return async (message: unknown): Promise<void> => {
    const reading = typeof message === 'string' ? readEventList(message) : eventsOf(message);
    if (reading.outcome === 'unreadable') {
      const rejection = { reason: 'unreadable-event', detail: `the queue message ${reading.problem}` };
      await rejections.keep({
        ...rejection,
        registry: 'unknown',
        receivedAt: clock.now(),
        payload: messageText(message),
      });
      log.warn('event rejected', { ...rejection, registry: 'unknown' });
      return;
    }
    const { fault } = await recordAll(record, reading.events);
    if (fault !== undefined) throw fault.error;
  };
}

/**
 * Keeps a message that was tried `attempts` times in vain among what is rejected, as it came. A fault is thrown: nothing
 * else holds the message.
 */
export function rejectPoisonMessage(
  { rejections, clock, log }: Omit<QueuedEventsPorts, 'record'>,
  attempts: number,
) {
  return async (message: unknown): Promise<void> => {
    const reason = 'poison-message';
    const detail = `tried ${attempts} times and never recorded; the log has the fault of the last attempt`;
    const payload = messageText(message);
    await rejections.keep({ registry: 'unknown', reason, detail, receivedAt: clock.now(), payload });
    log.error('queue message given up', {
      registry: 'unknown',
      reason,
      detail,
      characters: payload.length,
    });
  };
}

/** A message that was JSON comes parsed; ingest tells what is wrong with anything that is no event. */
function eventsOf(message: unknown): { readonly outcome: 'events'; readonly events: readonly unknown[] } {
  return { outcome: 'events', events: Array.isArray(message) ? message : [message] };
}
