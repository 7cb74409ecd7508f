import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { runQueueListener } from '../../../local/host/queue-trigger.ts';
import {
  type AppDirectory,
  bundleApp,
  eventually,
  type HostProcess,
  startHostProcess,
} from './host-process.ts';
import { type QueueStorage, startQueueStorage } from './queue-storage.ts';

const seenAnswer = z.array(
  z.object({
    message: z.unknown(),
    id: z.string(),
    dequeueCount: z.number(),
    insertionTime: z.string(),
    queueTrigger: z.unknown(),
  }),
);

let storage: QueueStorage;
let app: AppDirectory;
let host: HostProcess;

beforeAll(async () => {
  storage = await startQueueStorage();
  app = await bundleApp('queues', {
    extensions: { queues: { maxDequeueCount: 2, maxPollingInterval: '00:00:00.2' } },
  });
  host = await startHostProcess(app, { env: { QUEUES: storage.connectionString } });
});
afterAll(async () => {
  await host?.stop();
  await app?.remove();
  await storage?.stop();
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function send(raw: string): Promise<string> {
  const queue = storage.client.getQueueClient('work');
  await eventually(async () => ((await queue.exists()) ? true : undefined));
  return (await queue.sendMessage(raw)).messageId;
}

/** What the function saw of a message, once it was seen so many times. */
async function seenOf(id: string, count = 1) {
  return eventually(async () => {
    const seen = seenAnswer
      .parse(await (await fetch(`${host.url}/api/seen`)).json())
      .filter((entry) => entry.id === id);
    return seen.length >= count ? seen : undefined;
  });
}

async function isEmpty(queueName: string): Promise<boolean> {
  const properties = await storage.client.getQueueClient(queueName).getProperties();
  return properties.approximateMessagesCount === 0;
}

async function poisoned(text: string) {
  const queue = storage.client.getQueueClient('work-poison');
  return eventually(async () => {
    if (!(await queue.exists())) return undefined;
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.find(({ messageText }) => messageText === text);
  });
}

describe('messages', () => {
  it('when a message is JSON, the function gets it parsed, with metadata, and the message is gone', async () => {
    const id = await send(base64('{"digest":"sha256:0"}'));
    const [first] = await seenOf(id);
    expect(first).toMatchObject({
      message: { digest: 'sha256:0' },
      dequeueCount: 1,
      queueTrigger: { digest: 'sha256:0' },
    });
    expect(Number.isNaN(Date.parse(first?.insertionTime ?? ''))).toBe(false);
    await eventually(async () => ((await isEmpty('work')) ? true : undefined));
  });

  it('when there are more messages than a batch holds, all arrive once', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, (_, index) => send(base64(`text ${index}`))));
    for (const [index, id] of ids.entries())
      expect(await seenOf(id)).toMatchObject([{ message: `text ${index}` }]);
    await eventually(async () => ((await isEmpty('work')) ? true : undefined));
    const seen = seenAnswer.parse(await (await fetch(`${host.url}/api/seen`)).json());
    expect(seen.filter(({ id }) => ids.includes(id))).toHaveLength(40);
  });

  it('when a run fails, the message comes back', async () => {
    const seen = await seenOf(await send(base64('fail once')), 2);
    expect(seen.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 2]);
    await eventually(async () => ((await isEmpty('work')) ? true : undefined));
  });

  it('when a run fails maxDequeueCount times, the message moves to the poison queue', async () => {
    const id = await send(base64('fail'));
    await poisoned(base64('fail'));
    expect(await seenOf(id, 2)).toHaveLength(2);
    await eventually(async () => ((await isEmpty('work')) ? true : undefined));
  });

  it('when a message is not in the encoding of host.json, it goes to the poison queue unseen', async () => {
    await send('{"plain":true}');
    await poisoned('{"plain":true}');
    await host.logged('messageEncoding');
    await eventually(async () => ((await isEmpty('work')) ? true : undefined));
  });
});

describe('a listener', () => {
  const settings = {
    batchSize: 1,
    newBatchThreshold: 0,
    maxDequeueCount: 5,
    visibilityTimeout: 0,
    maxPollingInterval: 50,
    messageEncoding: 'none' as const,
  };
  const binding = { type: 'queueTrigger', direction: 'in' };
  const target = {
    name: 'listen',
    disabled: false,
    metadata: { name: 'listen', bindings: { message: binding } },
    callback: () => undefined,
    trigger: { kind: 'queue' as const, name: 'message', properties: binding },
  };

  it('when a run outlasts the lease, the lease is renewed; when stopped, the run is finished first', async () => {
    const stopping = new AbortController();
    const inputs: unknown[] = [];
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const listening = runQueueListener({
      target,
      connectionString: storage.connectionString,
      queueName: 'leased',
      settings,
      invoker: {
        async invoke(_target, { inputData }) {
          inputs.push(inputData[0]?.data.string);
          await finished;
          return { succeeded: true, id: '1', response: {} };
        },
        settle: async () => [],
      },
      log: () => undefined,
      signal: stopping.signal,
      lease: 2,
    });
    const queue = storage.client.getQueueClient('leased');
    await eventually(async () => ((await queue.exists()) ? true : undefined));
    await queue.sendMessage('{"plain":1}');
    await eventually(() => (inputs.length > 0 ? true : undefined));
    // Twice the lease: without renewal, the message would be visible to this consumer by now.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect((await queue.receiveMessages()).receivedMessageItems).toEqual([]);
    stopping.abort();
    finish();
    await listening;
    expect(inputs).toEqual(['{"plain":1}']);
    expect(await isEmpty('leased')).toBe(true);
  });

  it('when storage cannot be reached, that is logged once and tried again until stopped', async () => {
    const stopping = new AbortController();
    const logged: string[] = [];
    const listening = runQueueListener({
      target,
      connectionString: storage.connectionString.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'),
      queueName: 'work',
      settings,
      invoker: { invoke: () => Promise.reject(new Error('never')), settle: async () => [] },
      log: (_level, _source, text) => logged.push(text),
      signal: stopping.signal,
    });
    await eventually(() => (logged.length > 0 ? true : undefined));
    stopping.abort();
    await listening;
    expect(logged).toEqual([expect.stringContaining('cannot be read')]);
  });
});
