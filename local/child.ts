import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program to run beside us. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with each line it prints on stdout. */
  onLine?(line: string): void;
  /** Called with each line it logs on stderr. */
  onLog?(line: string): void;
}

/** A running program. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves with its exit code when it ends; -1 when a signal ended it. */
  readonly ended: Promise<number>;
  /** Asks it to end, and after `graceMs` makes it. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program. What it prints and logs is handed out by line. It does not outlive us. */
export function startChild({ name, command, args, environment, onLine, onLog }: Program): Child {
  const child = spawn(command, [...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own group, so that Ctrl-C reaches us alone and we stop the parts in order.
    detached: true,
  });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', killed);
      resolve(code ?? -1);
    });
    child.once('error', (error) => {
      process.stderr.write(`${name} could not be started: ${error.message}\n`);
      resolve(-1);
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => onLine?.(line));
  createInterface({ input: child.stderr }).on('line', (line) => onLog?.(line));
  return {
    process: child,
    ended,
    async stop(graceMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      clearTimeout(timer);
    },
  };
}
