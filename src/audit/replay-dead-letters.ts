import type { DeadLetter, DeadLetters } from './dead-letters.ts';
import { maxEventListBytes, readEventList } from './event-list.ts';
import type { Clock, Log } from './ports.ts';
import { type RecordEvent, recordAll } from './record-all.ts';

export interface ReplayDeadLettersPorts {
  readonly deadLetters: DeadLetters;
  readonly record: RecordEvent;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a run of replaying did. */
export interface ReplaySummary {
  /** Events that history has from this run. */
  readonly replayed: number;
  /** Events that history had before. */
  readonly known: number;
  /** Events of other types. */
  readonly ignored: number;
  /** Events that can never be recorded, kept with their reason. */
  readonly rejected: number;
  /** Dead letters whose events were all settled. */
  readonly done: number;
  /** Dead letters that are no list of events. */
  readonly quarantined: number;
  /** Dead letters that were looked at and still wait. */
  readonly left: number;
}

/** Dead letters of one run; the next takes up the others. */
const maxLetters = 1_000;

/** Milliseconds after which a run begins nothing more: the host ends a function, and its process, after 5 minutes. */
const maxRunMs = 3 * 60_000;

/**
 * Replays what Event Grid could not deliver, through the same ingest as a delivery: repeating it changes nothing. A dead
 * letter is done when all of its events are settled, quarantined when it is no list of events, and left waiting by a
 * passing fault, the first of which is thrown after all others have been tried.
 *
 * Event Grid writes an array of events in the schema they were to be delivered in, each with members that tell of the
 * delivery (`deadLetterReason`, `deliveryAttempts`, …), which ingest ignores and a rejection keeps:
 * https://learn.microsoft.com/azure/event-grid/manage-event-delivery
 */
export function replayDeadLetters({ deadLetters, record, clock, log }: ReplayDeadLettersPorts) {
  return async (): Promise<ReplaySummary> => {
    const end = clock.now() + maxRunMs;
    const isLate = () => clock.now() >= end;
    const summary = { replayed: 0, known: 0, ignored: 0, rejected: 0, done: 0, quarantined: 0, left: 0 };
    const faults: unknown[] = [];

    async function quarantine(letter: DeadLetter, reason: string): Promise<void> {
      await deadLetters.quarantine(letter, reason);
      summary.quarantined += 1;
      log.warn('dead letter quarantined', { name: letter.name, reason });
    }

    async function replay(letter: DeadLetter): Promise<void> {
      if (letter.bytes > maxEventListBytes) {
        await quarantine(letter, `has ${letter.bytes} bytes: at most ${maxEventListBytes}`);
        return;
      }
      const text = await letter.read();
      if (text === undefined) return;
      const reading = readEventList(text);
      if (reading.outcome === 'unreadable') {
        await quarantine(letter, reading.problem);
        return;
      }
      const { outcomes, unsettled, fault } = await recordAll(record, reading.events, isLate);
      summary.replayed += outcomes.recorded;
      summary.known += outcomes.known;
      summary.ignored += outcomes.ignored;
      summary.rejected += outcomes.rejected;
      if (fault !== undefined) throw fault.error;
      if (unsettled > 0) {
        summary.left += 1;
        return;
      }
      await deadLetters.done(letter);
      summary.done += 1;
    }

    async function replayAll(): Promise<void> {
      let tried = 0;
      for await (const letter of deadLetters.waiting()) {
        if (tried === maxLetters || isLate()) {
          log.warn('dead letters wait for the next run', { tried });
          return;
        }
        tried += 1;
        try {
          await replay(letter);
        } catch (error) {
          summary.left += 1;
          faults.push(error);
          log.warn('dead letter left waiting', { name: letter.name, fault: String(error) });
        }
      }
    }

    try {
      await replayAll();
    } catch (error) {
      // The list broke off.
      faults.push(error);
    }
    if (Object.values(summary).some((count) => count > 0)) log.info('dead letters replayed', summary);
    if (faults.length > 0) throw faults[0];
    return summary;
  };
}
