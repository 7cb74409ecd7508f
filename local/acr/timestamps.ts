/**
 * A clock that writes instants as the service does: UTC with 7 fractional digits, so that text order is time
 * order. Two readings in one millisecond differ in the digits below it.
 */
export function createTimestamps(now: () => Date): () => string {
  let source = Number.NaN;
  let millisecond = 0;
  let ticks = 0;
  return () => {
    const reading = now().getTime();
    if (reading !== source) {
      source = reading;
      millisecond = reading;
      ticks = 1;
    } else if (ticks < 9999) {
      ticks += 1;
    } else {
      millisecond += 1;
      ticks = 1;
    }
    const text = new Date(millisecond).toISOString();
    return `${text.slice(0, -1)}${String(ticks).padStart(4, '0')}Z`;
  };
}

/** The same instant with 9 fractional digits, the form of an event's `data.timestamp`. */
export function nanosecondText(timestamp: string): string {
  return `${timestamp.slice(0, -1)}01Z`;
}
