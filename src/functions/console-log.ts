import type { Log } from '../audit/ports.ts';

type Level = 'info' | 'warn' | 'error';

/** One line of JSON a message, on the console, which the Functions host hands on to its telemetry. */
export function consoleLog(): Log {
  const write = (level: Level, message: string, values: Readonly<Record<string, unknown>> = {}) =>
    console[level](JSON.stringify({ level, message, ...values }));
  return {
    info: (message, values) => write('info', message, values),
    warn: (message, values) => write('warn', message, values),
    error: (message, values) => write('error', message, values),
  };
}
