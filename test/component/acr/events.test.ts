import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { outcomeOf, retrySchedule } from '../../../local/acr/retry-schedule.ts';
import { type EventReceiver, openEventReceiver } from './event-receiver.ts';
import { digestOf, mediaTypes, prepareImage, pushImage, putManifest, setAttributes } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

const guid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const resourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.ContainerRegistry/registries/contoso';

let registry: TestRegistry;
let receiver: EventReceiver;

beforeEach(async () => {
  receiver = await openEventReceiver();
  registry = await openTestRegistry({
    name: 'contoso',
    location: 'northeurope',
    events: { endpoint: receiver.endpoint },
    // The first retry waits 5 ms.
    retryFactor: 0.0005,
  });
});
afterEach(async () => {
  await registry.dispose();
  await receiver.close();
});

async function eventsOf(action: () => Promise<unknown>): Promise<readonly unknown[]> {
  await registry.events.settled();
  const before = receiver.deliveries.length;
  await action();
  await registry.events.settled();
  return receiver.deliveries.slice(before).map(({ event }) => event);
}

describe('when an image is pushed by tag', () => {
  it('sends one ImagePushed in the Event Grid schema', async () => {
    const manifest = await prepareImage(registry, 'team/app');
    await eventsOf(() =>
      registry.call('PUT', '/v2/team/app/manifests/v1', {
        headers: { 'Content-Type': mediaTypes.manifest, 'User-Agent': 'docker/27.0 (linux)' },
        body: manifest.text,
      }),
    );
    const { digest, size } = manifest.descriptor;
    expect(receiver.deliveries).toHaveLength(1);
    const [delivery] = receiver.deliveries;
    expect(delivery?.headers).toMatchObject({
      'aeg-event-type': 'Notification',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(delivery?.body).toEqual([
      {
        id: guid,
        topic: resourceId,
        subject: 'team/app:v1',
        eventType: 'Microsoft.ContainerRegistry.ImagePushed',
        eventTime: expect.stringMatching(/^[0-9T:-]{19}\.\d{7}Z$/),
        data: {
          id: guid,
          timestamp: expect.stringMatching(/^[0-9T:-]{19}\.\d{9}Z$/),
          action: 'push',
          location: 'northeurope',
          target: {
            mediaType: mediaTypes.manifest,
            size,
            digest,
            length: size,
            repository: 'team/app',
            tag: 'v1',
          },
          request: {
            id: guid,
            host: registry.loginServer,
            method: 'PUT',
            useragent: 'docker/27.0 (linux)',
          },
        },
        dataVersion: '2.0',
        metadataVersion: '1',
      },
    ]);
    expect(delivery?.event['id']).not.toBe(
      Object.entries(delivery?.event['data'] ?? {}).find(([name]) => name === 'id')?.[1],
    );
  });

  it('tells the very instant at which the tag was written', async () => {
    const [event] = await eventsOf(() => pushImage(registry, 'team/app', 'v1'));
    const { json } = await registry.call('GET', '/acr/v1/team/app/_tags/v1');
    const [, updated] = JSON.stringify(json).match(/"lastUpdateTime":"([^"]+)Z"/) ?? [];
    expect(JSON.stringify(event)).toContain(`"timestamp":"${updated}`);
  });

  it('sends CloudEvents to a subscription that asks for them', async () => {
    await registry.events.subscribe(receiver.endpoint, 'cloudevents');
    const [event] = await eventsOf(() => pushImage(registry, 'team/app', 'v1'));
    expect(receiver.deliveries.at(-1)?.headers['content-type']).toBe(
      'application/cloudevents+json; charset=utf-8',
    );
    expect(event).toMatchObject({
      source: resourceId,
      specversion: '1.0',
      type: 'Microsoft.ContainerRegistry.ImagePushed',
      subject: 'team/app:v1',
      time: expect.stringMatching(/\.\d{7}Z$/),
      data: { action: 'push', target: { tag: 'v1' } },
    });
    expect(event).not.toHaveProperty('eventType');
  });

  it('writes data as text when told to', async () => {
    registry.faults.eventStringData = true;
    expect(await eventsOf(() => pushImage(registry, 'team/app', 'v1'))).toEqual([
      expect.objectContaining({ data: expect.stringMatching(/^\{"id":".*"tag":"v1"/) }),
    ]);
  });

  it('sends one event for each tag and move', async () => {
    const events = await eventsOf(async () => {
      const image = await prepareImage(registry, 'team/app');
      await putManifest(registry, 'team/app', 'v1', image);
      await putManifest(registry, 'team/app', 'latest', image);
      await pushImage(registry, 'team/app', 'latest', { content: 'newer' });
    });
    expect(events.map((event) => JSON.stringify(event).match(/"subject":"([^"]*)"/)?.[1])).toEqual([
      'team/app:v1',
      'team/app:latest',
      'team/app:latest',
    ]);
  });
});

describe('when something else happens', () => {
  it('sends ImagePushed without a tag for a push by digest', async () => {
    const [event] = await eventsOf(() => pushImage(registry, 'team/app'));
    expect(event).toMatchObject({ data: { action: 'push', target: { digest: expect.any(String) } } });
    expect(event).not.toHaveProperty('data.target.tag');
  });

  it('sends one ImageDeleted for a deleted manifest, whatever tags it had', async () => {
    const digest = await pushImage(registry, 'team/app', 'v1', { content: 'x' });
    await pushImage(registry, 'team/app', 'v2', { content: 'x' });
    const events = await eventsOf(() => registry.call('DELETE', `/v2/team/app/manifests/${digest}`));
    expect(events).toEqual([
      expect.objectContaining({
        eventType: 'Microsoft.ContainerRegistry.ImageDeleted',
        subject: 'team/app',
        data: expect.objectContaining({
          action: 'delete',
          target: { mediaType: mediaTypes.manifest, digest, repository: 'team/app' },
          request: expect.objectContaining({ method: 'DELETE' }),
        }),
      }),
    ]);
  });

  it('sends one ImageDeleted for each manifest of a deleted repository', async () => {
    const digests = [
      await pushImage(registry, 'team/app', 'v1'),
      await pushImage(registry, 'team/app', 'v2'),
    ];
    const events = await eventsOf(() => registry.call('DELETE', '/acr/v1/team/app'));
    expect(events).toEqual(
      expect.arrayContaining(
        digests.map((digest) =>
          expect.objectContaining({
            data: expect.objectContaining({ target: expect.objectContaining({ digest }) }),
          }),
        ),
      ),
    );
    expect(events).toHaveLength(2);
  });

  it('sends nothing for an untag, a lock change or a refusal', async () => {
    const digest = await pushImage(registry, 'team/app', 'v1');
    const events = await eventsOf(async () => {
      await setAttributes(registry, `team/app/_manifests/${digest}`, { deleteEnabled: false });
      await registry.call('DELETE', '/acr/v1/team/app/_tags/v1');
      await registry.call('DELETE', `/v2/team/app/manifests/${digest}`);
      await registry.call('DELETE', `/v2/team/app/manifests/${digestOf('unknown')}`);
    });
    expect(events).toEqual([]);
  });

  it('sends nothing while events are off', async () => {
    registry.faults.events = false;
    expect(await eventsOf(() => pushImage(registry, 'team/app', 'v1'))).toEqual([]);
  });
});

describe('when an endpoint subscribes', () => {
  it.each(['eventgrid', 'cloudevents'] as const)(
    'is refused when it fails the %s handshake',
    async (schema) => {
      const stranger = await openEventReceiver({ validates: false });
      try {
        await expect(registry.events.subscribe(stranger.endpoint, schema)).rejects.toThrow(
          'did not validate',
        );
        const options = { events: { endpoint: stranger.endpoint, schema } };
        await expect(openTestRegistry(options)).rejects.toThrow('did not validate');
      } finally {
        await stranger.close();
      }
    },
  );

  it('gets the same events as the others under a name of its own', async () => {
    const second = await openEventReceiver();
    try {
      await registry.events.subscribe(second.endpoint, 'eventgrid', 'second');
      await eventsOf(() => pushImage(registry, 'team/app', 'v1'));
      expect(second.ids()).toEqual(receiver.ids());
    } finally {
      await second.close();
    }
  });
});

describe('when the endpoint fails', () => {
  it('delivers again until it succeeds', async () => {
    receiver.answerWith(500, 503, 404, 200);
    await eventsOf(() => pushImage(registry, 'team/app', 'v1'));
    expect(new Set(receiver.ids()).size).toBe(1);
    expect(receiver.deliveries.map(({ headers }) => headers['aeg-delivery-count'])).toEqual([
      '0',
      '1',
      '2',
      '3',
    ]);
  });

  it.each([400, 401, 403, 413])('gives an event up at once that was answered with %i', async (status) => {
    receiver.answerWith(status);
    await eventsOf(() => pushImage(registry, 'team/app', 'v1'));
    expect(receiver.deliveries).toHaveLength(1);
    const [letter] = (await readFile(registry.events.deadLetterFile, 'utf8')).split('\n');
    expect(JSON.parse(letter ?? '')).toMatchObject({
      id: receiver.ids()[0],
      eventType: 'Microsoft.ContainerRegistry.ImagePushed',
      deadLetterReason: 'UndeliverableDueToClientError',
      deliveryAttempts: 1,
      lastHttpStatusCode: status,
    });
  });

  it('gives an event up after thirty attempts or when it is too old', async () => {
    const impatient = await openTestRegistry({
      events: { endpoint: receiver.endpoint },
      retryFactor: 0,
    });
    try {
      receiver.answerWith(500);
      await pushImage(impatient, 'team/app', 'v1');
      await impatient.events.settled();
      const letter = JSON.parse(await readFile(impatient.events.deadLetterFile, 'utf8'));
      expect(['MaxDeliveryAttemptsExceeded', 'TimeToLiveExceeded']).toContain(letter.deadLetterReason);
      expect(receiver.deliveries.length).toBeLessThanOrEqual(30);
    } finally {
      await impatient.dispose();
    }
  });

  it('lets later events overtake one that is retried', async () => {
    receiver.answerWith(500, 200);
    await eventsOf(async () => {
      await pushImage(registry, 'team/app', 'first');
      await pushImage(registry, 'team/app', 'second');
    });
    expect(receiver.deliveries.length).toBe(3);
    expect(new Set(receiver.ids()).size).toBe(2);
  });

  it('delivers after a restart what was pending, to wherever the endpoint moved', async () => {
    await receiver.close();
    await pushImage(registry, 'team/app', 'v1');
    await pushImage(registry, 'team/app', 'v2');
    receiver = await openEventReceiver();
    registry = await registry.restart({ events: { endpoint: receiver.endpoint } });
    await registry.events.settled();
    expect(receiver.deliveries.map(({ event }) => event['subject']).sort()).toEqual([
      'team/app:v1',
      'team/app:v2',
    ]);

    const delivered = receiver.deliveries.length;
    registry = await registry.restart();
    await registry.events.settled();
    expect(receiver.deliveries).toHaveLength(delivered);
  });

  it('takes 200 to 204 for success and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
        const expected =
          status >= 200 && status <= 204
            ? 'delivered'
            : [400, 401, 403, 413].includes(status)
              ? 'dead-letter'
              : 'retry';
        expect(outcomeOf(status)).toBe(expected);
      }),
    );
  });

  it('waits as Event Grid documents, scaled', () => {
    const { wait, timeToLive } = retrySchedule(1);
    const seconds = Array.from({ length: 11 }, (_, index) => wait(index + 1) / 1000);
    expect(seconds).toEqual([10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 43_200]);
    expect(timeToLive).toBe(86_400_000);
    expect(retrySchedule(0.01).wait(1)).toBe(100);
  });
});

describe('when delivery is made unreliable', () => {
  const tags = ['a', 'b', 'c', 'd', 'e', 'f'];

  async function pushAll(): Promise<readonly unknown[]> {
    await eventsOf(async () => {
      for (const tag of tags) {
        await pushImage(registry, 'team/app', tag);
      }
    });
    return receiver.deliveries.map(({ event }) => event['subject']);
  }

  it('delivers in order and once by default', async () => {
    expect(await pushAll()).toEqual(tags.map((tag) => `team/app:${tag}`));
  });

  it('delivers every event twice with a duplicate probability of one', async () => {
    registry.faults.eventDuplicateProbability = 1;
    expect(await pushAll()).toEqual(tags.flatMap((tag) => [`team/app:${tag}`, `team/app:${tag}`]));
    expect(new Set(receiver.ids()).size).toBe(tags.length);
  });

  it('delivers every event in some order when reordering', async () => {
    registry.faults.eventReorderProbability = 0.5;
    expect(Array.from(await pushAll()).sort()).toEqual(tags.map((tag) => `team/app:${tag}`));
  });

  it('loses every event with a drop probability of one', async () => {
    registry.faults.eventDropProbability = 1;
    expect(await pushAll()).toEqual([]);
  });
});
