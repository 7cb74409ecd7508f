import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Azurite, running as a process of its own: tables, queues and blobs of an account of its own. */
export interface Azurite {
  readonly connectionString: string;
  /** Stops answering, keeping what is stored. */
  halt(): Promise<void>;
  /** Answers again, at the same address. */
  resume(): Promise<void>;
  /** Ends it and removes what was stored. */
  stop(): Promise<void>;
}

/** Starts Azurite on free ports of the loopback interface, with data below a folder, and waits until it answers. */
export async function startAzurite(below = tmpdir()): Promise<Azurite> {
  const location = await mkdtemp(join(below, 'acr-audit-azurite-'));
  const ports = { table: await freePort(), queue: await freePort(), blob: await freePort() };
  const key = randomBytes(64).toString('base64');
  const endpoint = (port: number) => `http://127.0.0.1:${port}/contoso`;

  async function start(): Promise<ChildProcess> {
    const services = Object.entries(ports).flatMap(([name, port]) => [`--${name}Port`, String(port)]);
    const child = spawn(
      process.execPath,
      [
        resolve('node_modules/azurite/dist/src/azurite.js'),
        ...services,
        ...['--location', location, '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
      ],
      { env: { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `contoso:${key}` }, stdio: 'ignore' },
    );
    for (const port of Object.values(ports)) await answering(port, child);
    return child;
  }

  let child = await start();
  return {
    connectionString: [
      'DefaultEndpointsProtocol=http',
      'AccountName=contoso',
      `AccountKey=${key}`,
      `TableEndpoint=${endpoint(ports.table)}`,
      `QueueEndpoint=${endpoint(ports.queue)}`,
      `BlobEndpoint=${endpoint(ports.blob)}`,
    ].join(';'),
    // Asked politely, Azurite writes what it holds before it ends.
    halt: () => end(child, 'SIGTERM'),
    async resume() {
      child = await start();
    },
    async stop() {
      await end(child, 'SIGKILL');
      await rm(location, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('No port.');
  return address.port;
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  while (!(await accepts(port))) {
    if (hasEnded(child)) throw new Error('Azurite ended before it answered.');
    await pause(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  child.kill(signal);
  await once(child, 'close');
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
