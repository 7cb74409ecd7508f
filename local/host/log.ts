import { inspect } from 'node:util';

/** Log levels of the Functions runtime, least severe first. */
export const logLevels = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes one entry: a timestamp, the level, the source (the host or a function) and the text. */
export type HostLog = (level: LogLevel, source: string, text: string) => void;

/**
 * A log that writes entries of `minimum` level and above as text.
 *
 * Entries quote what strangers sent, so control characters are escaped and later lines are indented:
 * nothing in a message can look like an entry of its own or drive a terminal.
 */
export function createLog(write: (text: string) => void, minimum: LogLevel): HostLog {
  const threshold = logLevels.indexOf(minimum);
  return (level, source, text) => {
    if (level === 'none' || logLevels.indexOf(level) < threshold) return;
    write(`${new Date().toISOString()} ${level.padEnd(11)} ${source}: ${printable(text)}\n`);
  };
}

/** The stack of an error, or a readable form of whatever else was thrown. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return typeof error === 'string' ? error : inspect(error, { depth: 3 });
}

/** The message of an error alone, for lines that need no stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : describeError(error);
}

function printable(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(
      /[^\P{Cc}\n\t]|[\u2028\u2029]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replaceAll('\n', '\n    ');
}
