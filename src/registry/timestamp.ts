const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,18}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

const msPerMinute = 60_000;
const endOfYear9999 = Date.UTC(10_000, 0, 1);

/**
 * The instant of an RFC 3339 timestamp in epoch milliseconds, finer fractions cut off; `undefined` for any other
 * text, for a date that doesn't exist and for instants outside 1970 to 9999.
 * Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseTimestamp(text: string): number | undefined {
  const parts = rfc3339.exec(text);
  if (parts === null) {
    return undefined;
  }
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = parts;
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const offset = [Number(offsetHour ?? 0), Number(offsetMinute ?? 0)] as const;
  if (!isTimeOfDay(...clock) || !isTimeOfDay(...offset, 0)) {
    return undefined;
  }
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(midnight).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) {
    return undefined;
  }
  const offsetMs = (sign === '-' ? -1 : 1) * (offset[0] * 60 + offset[1]) * msPerMinute;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const instant = midnight + (clock[0] * 60 + clock[1]) * msPerMinute + clock[2] * 1_000 + ms - offsetMs;
  return instant >= 0 && instant < endOfYear9999 ? instant : undefined;
}

/** Leap seconds (`:60`) are refused: epoch time can't tell them from the next second. */
function isTimeOfDay(hour: number, minute: number, second: number): boolean {
  return hour <= 23 && minute <= 59 && second <= 59;
}
