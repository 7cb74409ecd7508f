import { cleanFreeText } from '../registry/free-text.ts';

/** A text read as events, none of which has been looked into. `problem` is one line of bounded length. */
export type EventListReading =
  | { readonly outcome: 'events'; readonly events: readonly unknown[] }
  | { readonly outcome: 'unreadable'; readonly problem: string };

/** More events than Event Grid could write within {@link maxEventListBytes}. */
const maxEvents = 50_000;

/** Bytes of the largest list that is read: more than any batch of Event Grid, whose limit is 1 MiB. */
export const maxEventListBytes = 16 * 1_048_576;

/**
 * Reads the text of a JSON array of events. One event alone, and one event or array a line, are understood too, each
 * with or without a byte order mark.
 */
export function readEventList(text: string): EventListReading {
  const json = text.replace(/^\uFEFF/, '');
  if (json.trim() === '') return unreadable('is empty');
  const whole = parse(json);
  if ('problem' in whole) {
    const values = parseLines(json);
    return values === undefined ? unreadable(`is not JSON: ${whole.problem}`) : eventsOf(values);
  }
  return eventsOf([whole.value]);
}

/** The events of values that each are an event or a list of them. */
function eventsOf(values: readonly unknown[]): EventListReading {
  if (!values.every((value) => typeof value === 'object' && value !== null)) {
    return unreadable('is neither an event nor a list of events');
  }
  const events = values.flat();
  if (events.length > maxEvents) return unreadable(`has more than ${maxEvents} events`);
  return { outcome: 'events', events };
}

function unreadable(problem: string): EventListReading {
  return { outcome: 'unreadable', problem: cleanFreeText(problem, 256).text };
}

type Parsed = { readonly value: unknown } | { readonly problem: string };

function parse(text: string): Parsed {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'malformed' };
  }
}

/** The first lines that aren't blank, one more than the most events; `undefined` when one of them isn't JSON. */
function parseLines(text: string): readonly unknown[] | undefined {
  const values: unknown[] = [];
  for (const [line] of text.matchAll(/[^\r\n]+/g)) {
    if (line.trim() === '') continue;
    const parsed = parse(line);
    if ('problem' in parsed) return undefined;
    values.push(parsed.value);
    if (values.length > maxEvents) break;
  }
  return values;
}
