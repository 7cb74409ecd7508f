import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, type Program, startChild } from './child.ts';
import { coreTools } from './core-tools.ts';
import { freePort } from './free-port.ts';

/** The Functions host, running the bundle that is deployed. */
export interface RunningHost {
  readonly url: string;
  /** Names of the app's functions, where the host tells them. */
  readonly functions?: readonly string[];
  /** Resolves when it has ended for good: it was stopped, or it failed again and again. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** How the host is started. */
export interface HostStart {
  readonly host: 'embedded' | 'func';
  readonly port: number;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Called with each line that the host, or the app in it, logs. */
  onLog(line: string): void;
}

const mostRestarts = 5;
const startDeadlineMs = 60_000;

/**
 * Starts the host and keeps it running: as in Azure, a function that outlasts its time ends the process, and another
 * takes its place. It gives up after five ends in a row that no request outlived.
 */
export async function startFunctionsHost(start: HostStart): Promise<RunningHost> {
  const port = start.port === 0 ? await freePort() : start.port;
  const launch = start.host === 'func' ? funcProgram(port) : embeddedProgram(port, start.data);
  let child: Child | undefined;
  let stopping = false;

  async function launched(): Promise<{ url: string; functions?: readonly string[] }> {
    let ready: ((line: string) => void) | undefined;
    const line = new Promise<string>((done) => {
      ready = done;
    });
    const started = startChild({
      ...launch,
      // Core Tools ask for it, on the terminal, where nothing says so.
      environment: { FUNCTIONS_WORKER_RUNTIME: 'node', ...start.settings },
      onLine: (text) => ready?.(text),
      onLog: start.onLog,
    });
    child = started;
    const url = `http://127.0.0.1:${port}`;
    const ended = started.ended.then((code): never => {
      throw new Error(`The Functions host ended with ${code} before it was ready.`);
    });
    if (start.host === 'func') {
      await Promise.race([answering(`${url}/api/v1/health`), ended]);
      return { url };
    }
    return { url, ...readReadyLine(await Promise.race([line, ended])) };
  }

  const first = await launched();
  const ended = (async () => {
    for (let restarts = 0; restarts < mostRestarts; restarts += 1) {
      const since = Date.now();
      const code = await child?.ended;
      if (stopping) return;
      process.stderr.write(`The Functions host ended with ${code} and is started again.\n`);
      if (Date.now() - since > startDeadlineMs) restarts = 0;
      await launched().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
    process.stderr.write('The Functions host keeps ending.\n');
  })();
  return {
    ...first,
    ended,
    async stop() {
      stopping = true;
      await child?.stop();
      await ended;
    },
  };
}

type Launch = Pick<Program, 'name' | 'command' | 'args'>;

function embeddedProgram(port: number, data: string): Launch {
  const args = [resolve('local/host/main.ts'), '--port', String(port), '--data', data];
  return { name: 'The embedded host', command: process.execPath, args };
}

function funcProgram(port: number): Launch {
  const command = coreTools();
  if (command === undefined) {
    throw new Error('Azure Functions Core Tools are not installed here: leave out --host func.');
  }
  return { name: 'Azure Functions Core Tools', command, args: ['start', '--port', String(port)] };
}

async function answering(url: string): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await pause(250);
  }
  throw new Error(`${url} did not answer within ${startDeadlineMs / 1000} s.`);
}

function readReadyLine(line: string): { functions?: readonly string[] } {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('functions' in value)) return {};
  const { functions } = value;
  return Array.isArray(functions) ? { functions: functions.filter((name) => typeof name === 'string') } : {};
}
