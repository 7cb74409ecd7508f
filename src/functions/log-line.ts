type Level = 'info' | 'warn' | 'error';

/** A message and its values as one line of JSON; values called `level` or `message` do not stand in for those. */
export function lineOf(
  level: Level,
  message: string,
  values: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify(Object.assign({ level, message }, values, { level, message }));
}
