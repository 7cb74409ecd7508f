import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';

/** Azurite, running: tables, queues and blobs. */
export interface RunningStorage {
  readonly child: Child;
  readonly connectionString: string;
  readonly tableEndpoint: string;
  readonly queueEndpoint: string;
  readonly blobEndpoint: string;
}

const account = 'local';

/**
 * Starts Azurite on free ports over a folder, with an account key made when the folder is. `inMemory`: the folder keeps
 * the key alone. `nodeOptions`: options of Node.js that it is run with.
 */
export async function startStorage(
  folder: string,
  inMemory = false,
  nodeOptions: readonly string[] = [],
): Promise<RunningStorage> {
  await mkdir(folder, { recursive: true });
  const key = await accountKey(join(folder, 'account.key'));
  const [table, queue, blob] = [await freePort(), await freePort(), await freePort()];
  const child = startChild({
    name: 'Azurite',
    command: process.execPath,
    args: [
      ...nodeOptions,
      resolve('node_modules/azurite/dist/src/azurite.js'),
      ...['--tablePort', String(table), '--queuePort', String(queue), '--blobPort', String(blob)],
      ...(inMemory ? ['--inMemoryPersistence'] : ['--location', folder]),
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
    ],
    environment: { AZURITE_ACCOUNTS: `${account}:${key}` },
    onLog: (text) => process.stderr.write(`${text}\n`),
  });
  let exited = false;
  void child.ended.then(() => {
    exited = true;
  });
  for (const port of [table, queue, blob]) {
    while (!(await answers(port))) {
      if (exited) throw new Error('Azurite ended before it was ready.');
      await pause(50);
    }
  }
  const endpoint = (port: number) => `http://127.0.0.1:${port}/${account}`;
  const endpoints = {
    tableEndpoint: endpoint(table),
    queueEndpoint: endpoint(queue),
    blobEndpoint: endpoint(blob),
  };
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${account}`,
    `AccountKey=${key}`,
    `TableEndpoint=${endpoints.tableEndpoint}`,
    `QueueEndpoint=${endpoints.queueEndpoint}`,
    `BlobEndpoint=${endpoints.blobEndpoint}`,
  ].join(';');
  return { child, connectionString, ...endpoints };
}

async function accountKey(file: string): Promise<string> {
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
  const key = randomBytes(64).toString('base64');
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return key;
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
