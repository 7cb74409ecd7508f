import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rowsOf } from '../../src/storage/row.ts';
import { clientsByConnectionString, type Tables, tablesOf } from '../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { asCloudEvent, digestOf, imageDeleted, imagePushed } from '../builders/registry-event.ts';
import {
  type AppDirectory,
  eventually,
  type HostProcess,
  startHostProcess,
} from '../component/host/host-process.ts';
import { type HistoryItem, statusOf, wholeHistory } from './hosted-service.ts';

const registry = 'contoso.azurecr.io';
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();

let app: AppDirectory;
let azurite: Azurite;
let host: HostProcess;
let tables: Tables;
let queues: QueueServiceClient;
let queue: QueueClient;

beforeAll(async () => {
  [app, azurite] = await Promise.all([deployedApp(), startAzurite()]);
  await giveUpSoon(app);
  tables = tablesOf(clientsByConnectionString(azurite.connectionString));
  queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
  queue = queues.getQueueClient('registry-events');
  await queue.createIfNotExists();
  host = await startHostProcess(app, {
    env: { AuditStorage: azurite.connectionString, ACR_AUDIT_AUTH: 'development', REGISTRIES: registry },
  });
});
afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
  await app?.remove();
});

/** Has a message given up after three attempts in a row, not after twenty in ten minutes. */
async function giveUpSoon({ root }: AppDirectory): Promise<void> {
  const file = join(root, 'host.json');
  const hostJson = JSON.parse(await readFile(file, 'utf8'));
  const changed = { visibilityTimeout: '00:00:00', maxDequeueCount: 3 };
  const extensions = { ...hostJson.extensions, queues: { ...hostJson.extensions.queues, ...changed } };
  await writeFile(file, JSON.stringify({ ...hostJson, extensions }));
}

/** Sends as Event Grid does: base64 of the text. */
async function send(message: unknown): Promise<void> {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  await queue.sendMessage(Buffer.from(text).toString('base64'));
}

/** The history of a repository once it has so many entries, newest first. */
function historyOnce(repository: string, count: number): Promise<readonly HistoryItem[]> {
  return eventually(async () => {
    const items = await wholeHistory(host, `${registry}/${repository}`);
    return items.length >= count ? items : undefined;
  });
}

interface Rejected {
  readonly reason: unknown;
  readonly payload: string;
}

/** What was rejected of no registry, once there is a row with such a payload. */
function rejectedOnce(payload: string): Promise<Rejected> {
  return eventually(async () => {
    const range = { partitionKey: 'unknown', from: ' ', before: '~' };
    const rows = await Array.fromAsync(rowsOf(tables.rejected, range));
    return rows
      .map(({ columns: { reason, payload: bytes } }) => ({
        reason,
        payload: Buffer.from(String(bytes), 'base64').toString('utf8'),
      }))
      .find((row) => row.payload === payload);
  });
}

async function rejectedCount(): Promise<number> {
  return (await statusOf(host)).unattributed.rejected;
}

/** Resolves when neither the queue nor the one for what failed too often holds a message. */
async function drained(): Promise<void> {
  await eventually(async () => {
    const counts = [queue, queues.getQueueClient('registry-events-poison')].map(async (one) => {
      await one.createIfNotExists();
      return (await one.getProperties()).approximateMessagesCount;
    });
    return (await Promise.all(counts)).every((count) => count === 0) ? true : undefined;
  });
}

describe('when Event Grid delivers to the queue', () => {
  it('tells the events of both schemas, one or many a message, in whatever order and however often they come', async () => {
    const push = (minute: number) =>
      imagePushed({
        repository: 'queue/app',
        id: `push-${minute}`,
        tag: 'prod',
        digest: digestOf(`${minute}`),
        timestamp: at(minute),
      });
    const gone = imageDeleted({
      repository: 'queue/app',
      id: 'delete',
      digest: digestOf('5'),
      timestamp: at(6),
    });
    await send([asCloudEvent(push(5)), asCloudEvent(push(4))]);
    await send(gone);
    await send([push(3), push(2)]);
    await send(asCloudEvent(push(1)));
    await send({ ...push(0), data: JSON.stringify(push(0).data) });
    await send(push(3));
    await drained();

    const items = await historyOnce('queue/app', 7);
    expect(items.map(({ eventId, kind, source }) => `${eventId} ${kind} ${source}`)).toEqual([
      'delete deleted event',
      ...[5, 4, 3, 2, 1].map((minute) => `push-${minute} moved event`),
      'push-0 created event',
    ]);
  });
});

describe('when a message can never be recorded', () => {
  it('is rejected with its reason when it is no JSON, and counted', async () => {
    const before = await rejectedCount();
    await send('{"id":');
    expect(await rejectedOnce('{"id":')).toMatchObject({ reason: 'unreadable-event' });
    expect(await rejectedCount()).toBe(before + 1);
    await drained();
  });

  it('is rejected alone when others come with it', async () => {
    const before = await rejectedCount();
    const bad = { id: 'bad', eventType: 'Microsoft.ContainerRegistry.ImagePushed' };
    await send([bad, imagePushed({ repository: 'queue/batch', id: 'good' }), 7]);
    expect((await historyOnce('queue/batch', 1)).map(({ eventId }) => eventId)).toEqual(['good']);
    expect(await rejectedOnce(JSON.stringify(bad))).toMatchObject({ reason: 'unreadable-event' });
    expect(await rejectedOnce('7')).toMatchObject({ reason: 'unreadable-event' });
    expect(await rejectedCount()).toBe(before + 2);
    await drained();
  });
});

describe('when a message fails each time', () => {
  it('is given up, kept as it came and counted; its sender’s other messages are told', async () => {
    const before = await rejectedCount();
    // A head that cannot be read makes every attempt at its tag fail, and is not guessed at.
    await tables.repositories.put({
      partitionKey: `${registry}|queue:corrupt`,
      rowKey: 't|prod',
      columns: { digest: 'none' },
    });
    const event = imagePushed({ repository: 'queue/corrupt', id: 'failing', tag: 'prod' });
    await send(event);
    await send(imagePushed({ repository: 'queue/corrupt', id: 'other', tag: 'other' }));
    expect(await rejectedOnce(JSON.stringify(event))).toMatchObject({ reason: 'poison-message' });
    expect(await rejectedCount()).toBe(before + 1);
    expect((await historyOnce('queue/corrupt', 1)).map(({ eventId }) => eventId)).toEqual(['other']);
    await drained();
    expect(host.stderr()).toContain('queue message given up');
  });
});
