import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';

const readyLine = z.object({
  component: z.literal('host'),
  url: z.string(),
  functions: z.array(z.string()),
  keys: z.string().optional(),
});

/** An app directory as it is deployed: a bundle, its package.json and host.json. */
export interface AppDirectory {
  readonly root: string;
  readonly data: string;
  remove(): Promise<void>;
}

/** Bundles `apps/NAME.ts` with the options of the project's own build. */
export async function bundleApp(name: string, hostJson: object = {}): Promise<AppDirectory> {
  const root = await mkdtemp(join(tmpdir(), 'acr-audit-host-'));
  const entry = join('test/component/host/apps', `${name}.ts`);
  await promisify(execFile)(process.execPath, ['bundle.js', join(root, 'dist'), entry]);
  return describeApp(root, hostJson);
}

/** An app directory whose entry is the given CommonJS text. */
export async function writeApp(text: string, hostJson: object = {}): Promise<AppDirectory> {
  const root = await mkdtemp(join(tmpdir(), 'acr-audit-host-'));
  await mkdir(join(root, 'dist'));
  await writeFile(join(root, 'dist', 'main.cjs'), text);
  return describeApp(root, hostJson);
}

async function describeApp(root: string, hostJson: object): Promise<AppDirectory> {
  await writeFile(join(root, 'package.json'), JSON.stringify({ main: 'dist/main.cjs' }));
  await writeFile(join(root, 'host.json'), JSON.stringify({ version: '2.0', ...hostJson }));
  return { root, data: join(root, 'data'), remove: () => rm(root, { recursive: true, force: true }) };
}

export interface HostProcess {
  readonly url: string;
  readonly ready: z.infer<typeof readyLine>;
  readonly exited: Promise<number | null>;
  stderr(): string;
  /** Waits until the log contains a text or a match; the log so far. */
  logged(expected: string | RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Ends the process if it still runs; its exit code. */
  stop(): Promise<number | null>;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the host on a free port and waits for its ready line. */
export async function startHostProcess(
  app: AppDirectory,
  options: ProcessOptions = {},
): Promise<HostProcess> {
  const { child, stderr, exited } = spawnHost(app, options);
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), exited]);
  if (!Array.isArray(first)) throw new Error(`The host ended before it was ready: ${stderr()}`);
  const ready = readyLine.parse(JSON.parse(String(first[0])));
  return {
    url: ready.url,
    ready,
    exited,
    stderr,
    logged: (expected) => eventually(() => (contains(stderr(), expected) ? stderr() : undefined)),
    kill: (signal) => child.kill(signal),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Runs a host that is expected to end by itself. */
export async function runHostProcess(app: AppDirectory, options: ProcessOptions = {}) {
  const { stderr, exited } = spawnHost(app, options);
  return { code: await exited, stderr: stderr() };
}

function spawnHost({ root, data }: AppDirectory, { args = [], env = {} }: ProcessOptions) {
  const host = resolve('local/host/main.ts');
  const child = spawn(process.execPath, [host, '--app-root', root, '--port', '0', '--data', data, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { child, stderr: () => text, exited: exitOf(child) };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  await once(child, 'close');
  return child.exitCode;
}

function contains(text: string, expected: string | RegExp): boolean {
  return typeof expected === 'string' ? text.includes(expected) : expected.test(text);
}

/** Asks again until there is an answer; fails after 30 seconds, unless told to be more patient. */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`It did not happen within ${seconds} seconds.`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}
