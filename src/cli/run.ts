import { CommanderError } from 'commander';
import { CommandFault, type ExitCode, exitCodes } from './exit-code.ts';
import { programOf } from './program.ts';
import type { Terminal } from './terminal.ts';
import { visible } from './terminal-text.ts';

/** What the command takes from outside beside its terminal. */
export interface RunPorts {
  /** A token of Entra ID for a scope. */
  readonly token: (scope: string) => Promise<string>;
}

/** Runs a command line, given without the names of node and script. Never throws. */
export async function run(args: readonly string[], terminal: Terminal, ports: RunPorts): Promise<ExitCode> {
  let code: ExitCode = exitCodes.pass;
  try {
    const program = programOf(terminal, ports, (ended) => {
      code = ended;
    });
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // What it says was said already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.pass : exitCodes.usage;
    const message = error instanceof Error ? error.message : String(error);
    terminal.err.write(`acr-audit: ${visible(message)}\n`);
    return error instanceof CommandFault ? error.exitCode : exitCodes.service;
  }
}
