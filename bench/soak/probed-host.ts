import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import type { AppDirectory } from '../../test/component/host/host-process.ts';

const readyLine = z.object({ component: z.literal('host'), url: z.string() });
const probed = z.object({
  rss: z.number(),
  heapUsed: z.number(),
  external: z.number(),
  cpuMs: z.number(),
  loopP50: z.number(),
  loopP99: z.number(),
  loopMax: z.number(),
});

/** What the host's process says of itself. Bytes, after a collection of garbage; milliseconds of CPU and of delays. */
export type Probed = z.output<typeof probed>;

/** The embedded host in a process of its own, which can be looked into. */
export interface ProbedHost {
  readonly url: string;
  probe(): Promise<Probed>;
  /** Lines of its log at level warning and above, counted by what they say without their particulars. */
  readonly warnings: ReadonlyMap<string, number>;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** Garbage is collected by one thread: four in each process would wait for one another where there are two cores. */
export const oneCollector = '--single-threaded-gc';

/** As Node.js 24 keeps the context of what is asynchronous by itself: hooks on every promise take CPU. */
const contextFrames = '--experimental-async-context-frame';

const answerTimeoutMs = 30_000;
const mostWarnings = 200;

/** Starts the host over the deployed bundle, with `soak-probe.ts` loaded into it. */
export async function startProbedHost(
  { root, data }: AppDirectory,
  settings: Readonly<Record<string, string>>,
): Promise<ProbedHost> {
  const probe = pathToFileURL(resolve('bench/soak-probe.ts')).href;
  const host = ['local/host/main.ts', '--app-root', root, '--port', '0', '--data', data];
  const child = spawn(
    process.execPath,
    ['--expose-gc', oneCollector, contextFrames, '--import', probe, ...host],
    {
      env: { PATH: process.env['PATH'], ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Its own group: Ctrl-C is for the one who reports.
      detached: true,
    },
  );
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('The host has no output.');
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const warnings = new Map<string, number>();
  createInterface({ input: stderr }).on('line', (line) => {
    const kind = warningKind(line);
    if (kind === undefined || (!warnings.has(kind) && warnings.size >= mostWarnings)) return;
    warnings.set(kind, (warnings.get(kind) ?? 0) + 1);
  });
  const ended = once(child, 'close').finally(() => process.off('exit', killed));
  const lines = createInterface({ input: stdout });
  const first: unknown[] = await Promise.race([once(lines, 'line'), ended]);
  const ready = readyLine.safeParse(parsed(String(first[0])));
  if (!ready.success) {
    throw new Error(`The host ended before it was ready: ${[...warnings.keys()].join('; ')}`);
  }
  return {
    url: ready.data.url,
    warnings,
    ended,
    async probe() {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(answerTimeoutMs) });
      child.send('probe');
      const [message]: unknown[] = await answer;
      return probed.parse(message);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

const structured = z.object({ level: z.string(), message: z.string(), error: z.optional(z.string()) });

/** What a line warns of, so that lines that say the same count as one. */
function warningKind(line: string): string | undefined {
  const json = structured.safeParse(parsed(line.slice(line.indexOf('{'))));
  if (json.success && /^(warn|error)/.test(json.data.level)) {
    const { level, message, error } = json.data;
    return `${level}: ${message}${error === undefined ? '' : ` (${general(error)})`}`;
  }
  const text = /^\S+ ((?:warning|error|critical) .*)$/.exec(line)?.[1];
  return text === undefined || json.success ? undefined : general(text);
}

/** Without digests, ids and numbers. */
function general(text: string): string {
  return text
    .replace(/[0-9a-f]{8,}(?:-[0-9a-f]+)*/g, '…')
    .replace(/\d+/g, '#')
    .slice(0, 200);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
