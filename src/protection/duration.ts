const msPerSecond = 1_000;
const msPerMinute = 60 * msPerSecond;
const msPerHour = 60 * msPerMinute;
/** Milliseconds in a day. */
export const msPerDay = 24 * msPerHour;
const msPerWeek = 7 * msPerDay;

const weeksForm = /^P(\d{1,6})W$/;
const form = /^P(?=\d|T\d)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})S)?)?$/;

/**
 * The milliseconds of an ISO 8601 duration of days and a time (`P60D`, `PT1H30M`) or of weeks (`P2W`), in whole numbers;
 * `undefined` for any other text. A day is 24 hours, as it is in UTC. Years and months are refused: their length depends
 * on when they begin, and a lock's end must not. The result is a safe integer: longer durations are refused, not cut.
 * Source: https://www.rfc-editor.org/rfc/rfc3339#appendix-A
 */
export function parseDuration(text: string): number | undefined {
  const weeks = weeksForm.exec(text)?.[1];
  if (weeks !== undefined) return Number(weeks) * msPerWeek;
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const duration = days * msPerDay + hours * msPerHour + minutes * msPerMinute + seconds * msPerSecond;
  return Number.isSafeInteger(duration) ? duration : undefined;
}

/** The ISO 8601 text of a duration in milliseconds, finer than seconds cut off; days are the largest unit. */
export function formatDuration(duration: number): string {
  const days = Math.floor(duration / msPerDay);
  const time = [
    [Math.floor((duration % msPerDay) / msPerHour), 'H'],
    [Math.floor((duration % msPerHour) / msPerMinute), 'M'],
    [Math.floor((duration % msPerMinute) / msPerSecond), 'S'],
  ] as const;
  const timeText = time.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('');
  const text = `P${days === 0 ? '' : `${days}D`}${timeText === '' ? '' : `T${timeText}`}`;
  return text === 'P' ? 'PT0S' : text;
}
