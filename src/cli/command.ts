import type { Command } from 'commander';
import type { ApiClient } from './api-client.ts';
import { type ExitCode, usageFault } from './exit-code.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with. */
export interface Session {
  readonly api: ApiClient;
  readonly output: Output;
  readonly progress: Progress;
  readonly terminal: Terminal;
}

/** A command line as one command reads it. */
export interface Line {
  /** What was given without a name. */
  readonly operands: readonly string[];
  text(option: string): string | undefined;
  /** What was given for an option that may be given more than once. */
  texts(option: string): readonly string[];
  flag(option: string): boolean;
  /** Whether it was said that there is to be none: `--no-` and the option. */
  isRefused(option: string): boolean;
  /** A whole number of 1 or more. */
  count(option: string): number | undefined;
}

/** Has a command do something when it is called. */
export type Acting = (command: Command, act: (session: Session, line: Line) => Promise<ExitCode>) => Command;

/** The line of a command that was read. */
export function lineOf(command: Command): Line {
  const options: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  const text = (option: string) => {
    const value = options[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    operands: command.args,
    text,
    texts(option) {
      const value = options[option];
      return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
    },
    flag: (option) => options[option] === true,
    isRefused: (option) => options[option] === false,
    count(option) {
      const value = text(option);
      if (value === undefined) return undefined;
      if (!/^[1-9]\d{0,8}$/.test(value))
        throw usageFault(
          `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value} is not a whole number of 1 or more`,
        );
      return Number(value);
    },
  };
}
