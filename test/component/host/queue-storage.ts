import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { QueueServiceClient } from '@azure/storage-queue';
import { eventually } from './host-process.ts';

/** Azurite's queue service with an account of its own. */
export interface QueueStorage {
  readonly connectionString: string;
  readonly client: QueueServiceClient;
  stop(): Promise<void>;
}

export async function startQueueStorage(): Promise<QueueStorage> {
  const port = await freePort();
  const key = randomBytes(64).toString('base64');
  const child = spawn(
    process.execPath,
    [
      resolve('node_modules/azurite/dist/src/queue/main.js'),
      '--queuePort',
      String(port),
      '--silent',
      '--skipApiVersionCheck',
      '--inMemoryPersistence',
      '--disableTelemetry',
    ],
    { env: { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `contoso:${key}` }, stdio: 'ignore' },
  );
  const endpoint = `http://127.0.0.1:${port}/contoso`;
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=contoso;AccountKey=${key};QueueEndpoint=${endpoint};`;
  const client = QueueServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
  await eventually(() =>
    client.getProperties().then(
      () => true,
      () => undefined,
    ),
  );
  return { connectionString, client, stop: () => end(child) };
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}
