import type { EventOutcome } from './record-event.ts';

/** Records one event as it was delivered; throws for a passing fault. */
export type RecordEvent = (event: unknown) => Promise<EventOutcome>;

/** How many events ended how. */
export type OutcomeCounts = Readonly<Record<EventOutcome, number>>;

/** What became of events that were recorded together. */
export interface RecordedEvents {
  readonly outcomes: OutcomeCounts;
  /** Events that have no outcome: their recording failed, or was not begun. */
  readonly unsettled: number;
  /** The first fault, when there was any. */
  readonly fault?: { readonly error: unknown };
}

/** Events recorded at a time: enough to hide the latency of storage, few enough to leave a function its peers. */
const concurrency = 8;

/** Records every event that it can: one that fails keeps none of the others waiting. `isLate`: begin no more. */
export async function recordAll(
  record: RecordEvent,
  events: readonly unknown[],
  isLate: () => boolean = () => false,
): Promise<RecordedEvents> {
  const outcomes = { recorded: 0, known: 0, ignored: 0, rejected: 0 };
  const faults: unknown[] = [];
  let unsettled = events.length;
  const waiting = events.values();

  async function recordNext(): Promise<void> {
    // One iterator for all: each takes the next event that no other has.
    for (const event of waiting) {
      if (isLate()) return;
      try {
        outcomes[await record(event)] += 1;
        unsettled -= 1;
      } catch (error) {
        if (faults.length === 0) faults.push(error);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(concurrency, events.length) }, recordNext));
  return { outcomes, unsettled, ...(faults.length === 0 ? {} : { fault: { error: faults[0] } }) };
}
