import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditApp, appTime, auditApp, itemsOf } from '../../builders/audit-app.ts';
import {
  asCloudEvent,
  contosoResourceId,
  digestOf,
  type EventGridJson,
  imageDeleted,
  imagePushed,
} from '../../builders/registry-event.ts';

const one = digestOf('one');
const two = digestOf('two');
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();

async function deliverAll(app: AuditApp, events: readonly unknown[]): Promise<void> {
  for (const event of events) await app.deliver(event);
}

describe('an event that can be recorded', () => {
  it.each([
    ['the Event Grid schema', (event: EventGridJson): unknown => event],
    ['the CloudEvents schema', asCloudEvent],
    ['data as text', (event: EventGridJson) => ({ ...event, data: JSON.stringify(event.data) })],
    [
      'CloudEvents with data as text',
      (event: EventGridJson) => ({ ...asCloudEvent(event), data: JSON.stringify(event.data) }),
    ],
    ['the topic in upper case', (event: EventGridJson) => ({ ...event, topic: event.topic.toUpperCase() })],
  ])('when it comes in %s, it says the same in history', async (_, schema) => {
    const app = auditApp();
    const event = imagePushed({ digest: one, timestamp: at(0), userAgent: 'buildx/0.12' });
    expect(await app.deliver(schema(event))).toBe('recorded');
    expect(await itemsOf(app)).toEqual([
      {
        registry: 'contoso.azurecr.io',
        repository: 'team/app',
        tag: '1.4.2',
        digest: one,
        kind: 'created',
        occurredAt: at(0),
        recordedAt: new Date(appTime).toISOString(),
        source: 'event',
        client: { userAgent: 'buildx/0.12' },
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 1_152,
        locations: ['westeurope'],
        eventId: event.id,
        recordId: event.id,
        requestId: event.data.request?.id,
        image: `contoso.azurecr.io/team/app@${one}`,
      },
    ]);
    expect(app.rejected.rows()).toEqual([]);
  });

  it('when it is delivered again, it is known and changes nothing', async () => {
    const app = auditApp();
    const event = imagePushed();
    await app.deliver(event);
    const rows = [app.repositories.rows(), app.digests.rows(), app.log.rows()];
    app.clock.time += 60_000;
    expect(await app.deliver(event)).toBe('known');
    expect(await app.deliver(asCloudEvent(event))).toBe('known');
    expect(
      [app.repositories.rows(), app.digests.rows(), app.log.rows()].map((some) => some.map(keyed)),
    ).toEqual(rows.map((some) => some.map(keyed)));
  });

  it('when a tag moves, the move names the digest it moved from, in either order of delivery', async () => {
    const first = imagePushed({ tag: 'prod', digest: one, timestamp: at(0) });
    const second = imagePushed({ tag: 'prod', digest: two, timestamp: at(1) });
    for (const events of [
      [first, second],
      [second, first],
    ]) {
      const app = auditApp();
      await deliverAll(app, events);
      expect(await itemsOf(app, 'image=team/app:prod')).toEqual([
        expect.objectContaining({ kind: 'moved', digest: two, previousDigest: one, occurredAt: at(1) }),
        expect.not.objectContaining({ previousDigest: expect.anything() }),
      ]);
    }
  });

  it('when two regions tell one push, there is one fact in both, whichever comes first', async () => {
    const told = [
      imagePushed({ id: 'west', digest: one, timestamp: at(0), location: 'westeurope' }),
      imagePushed({ id: 'east', digest: one, timestamp: at(2), location: 'eastus' }),
    ];
    for (const events of [told, told.toReversed()]) {
      const app = auditApp();
      await deliverAll(app, events);
      for (const image of ['', 'team/app', 'team/app:1.4.2', `team/app@${one}`]) {
        const items = await itemsOf(app, image === '' ? '' : `image=${image}`);
        expect(items).toEqual([
          expect.objectContaining({ kind: 'created', eventId: 'west', locations: ['eastus', 'westeurope'] }),
        ]);
      }
    }
  });

  it('when a manifest is pushed by digest, it is in the history of the digest and of no tag', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ tag: null, digest: one, timestamp: at(0) }));
    const [item, ...others] = await itemsOf(app, `image=team/app@${one}`);
    expect(item).toMatchObject({ kind: 'created', digest: one });
    expect(item).not.toHaveProperty('tag');
    expect(others).toEqual([]);
    expect(await itemsOf(app, `image=team/app:latest@${one}`)).toEqual([]);
  });

  it('when a known digest gets another tag, both tags point to it', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ tag: '1.0', digest: one, timestamp: at(0) }));
    await app.deliver(imagePushed({ tag: 'prod', digest: one, timestamp: at(1) }));
    expect(await itemsOf(app, `image=team/app@${one}`)).toEqual([
      expect.objectContaining({ tag: 'prod', kind: 'created' }),
      expect.objectContaining({ tag: '1.0', kind: 'created' }),
    ]);
    for (const tag of ['1.0', 'prod']) {
      const response = await app.get(`resolve?image=team/app:${tag}`);
      expect(await response.json()).toMatchObject({ digest: one });
    }
  });

  it('when a digest is deleted, the tags it holds end at that instant and other tags do not', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ tag: '1.0', digest: one, timestamp: at(0) }));
    await app.deliver(imagePushed({ tag: 'prod', digest: one, timestamp: at(1) }));
    await app.deliver(imagePushed({ tag: 'prod', digest: two, timestamp: at(2) }));
    await app.deliver(imageDeleted({ digest: one, timestamp: at(3) }));

    const ended = await app.get('resolve?image=team/app:1.0');
    expect(ended.status).toBe(404);
    expect(await ended.json()).toMatchObject({
      type: 'urn:acr-audit:problem:tag-ended',
      endedAt: at(3),
      lastDigest: one,
    });
    const before = await app.get(`resolve?image=team/app:1.0&at=${at(2)}`);
    expect(await before.json()).toMatchObject({ digest: one, since: at(0), until: at(3) });
    const moved = await app.get('resolve?image=team/app:prod');
    expect(await moved.json()).toMatchObject({ digest: two, since: at(2) });
    expect(await itemsOf(app, 'image=team/app&kind=deleted')).toEqual([
      expect.objectContaining({ digest: one, occurredAt: at(3) }),
    ]);
  });

  it('when a connected registry tells it, it is of a registry of its own', async () => {
    const app = auditApp();
    await app.deliver(imagePushed({ digest: one, timestamp: at(0), connectedRegistry: 'Edge1' }));
    expect(await itemsOf(app)).toEqual([]);
    expect(await itemsOf(app, 'image=edge1.contoso.azurecr.io')).toEqual([
      expect.objectContaining({ registry: 'edge1.contoso.azurecr.io', digest: one }),
    ]);
  });

  it('when the subject contradicts the target, the target is recorded and the contradiction noted', async () => {
    const app = auditApp();
    await app.deliver({ ...imagePushed({ tag: 'prod', digest: one }), subject: 'team/other:dev' });
    expect(await itemsOf(app, 'image=team/other')).toEqual([]);
    expect(await itemsOf(app, 'image=team/app:prod')).toEqual([
      expect.objectContaining({ digest: one, notes: [expect.stringMatching(/subject.*target wins/)] }),
    ]);
  });

  it('when a tag has 128 characters, it is recorded', async () => {
    const app = auditApp();
    const tag = `_${'a.-B'.repeat(31)}xyz`;
    expect(await app.deliver(imagePushed({ tag, digest: one }))).toBe('recorded');
    expect(await itemsOf(app, `image=team/app:${tag}`)).toHaveLength(1);
  });

  it('when the user agent holds markup and control characters, it is kept as text, the latter replaced', async () => {
    const app = auditApp();
    const userAgent = '<script>alert(1)</script>\r\nset-cookie: a=b\u202e\u0000';
    await app.deliver(imagePushed({ digest: one, userAgent }));
    expect(await itemsOf(app)).toEqual([
      expect.objectContaining({
        client: { userAgent: '<script>alert(1)</script>\ufffd\ufffdset-cookie: a=b\ufffd\ufffd' },
        notes: [expect.stringContaining('unprintable')],
      }),
    ]);
  });

  it('when the event id holds what no key may, it is kept as it came', async () => {
    const app = auditApp();
    const id = 'a/b\\c#d?e|f~g%h i+ä';
    expect(await app.deliver(imagePushed({ id, digest: one }))).toBe('recorded');
    expect(await app.deliver(imagePushed({ id, digest: one }))).toBe('known');
    expect(await itemsOf(app)).toEqual([expect.objectContaining({ eventId: id })]);
  });

  it('when it is dated a little ahead of the clock, it is recorded all the same', async () => {
    const app = auditApp();
    const timestamp = new Date(appTime + 14 * 60_000).toISOString();
    expect(await app.deliver(imagePushed({ timestamp }))).toBe('recorded');
  });

  it('when it is of the registry with the resource id of the settings, no other is accepted for it', async () => {
    const resourceId = contosoResourceId.toLowerCase();
    const app = auditApp({ registries: [{ loginServer: 'contoso-a1b2.azurecr.io', resourceId }] });
    expect(await app.deliver(imagePushed({ digest: one }))).toBe('recorded');
    const other = contosoResourceId.replace('contoso-rg', 'other-rg');
    expect(await app.deliver(imagePushed({ digest: two, resourceId: other }))).toBe('rejected');
    expect(await itemsOf(app)).toEqual([expect.objectContaining({ registry: 'contoso-a1b2.azurecr.io' })]);
  });
});

describe('an event of another type', () => {
  it.each(['Microsoft.Storage.BlobCreated', 'Microsoft.ContainerRegistry.ImageQuarantined', 'x'])(
    'when it is %s, it is logged and acknowledged',
    async (eventType) => {
      const app = auditApp();
      expect(await app.deliver({ ...imagePushed(), eventType })).toBe('ignored');
      expect(app.lines).toEqual([expect.objectContaining({ level: 'info', values: { type: eventType } })]);
      expect([...app.rejected.rows(), ...app.log.rows(), ...app.repositories.rows()]).toEqual([]);
    },
  );
});

describe('any order, any number of deliveries', () => {
  it('when events come shuffled and repeated, history reads the same', async () => {
    const tag = fc.constantFrom('prod', '1.0', null);
    const event = fc
      .record({
        minute: fc.integer({ min: 0, max: 59 }),
        id: fc.integer({ min: 0, max: 999 }),
        digest: fc.constantFrom(one, two),
        tag,
        isDelete: fc.boolean(),
        location: fc.constantFrom('westeurope', 'eastus'),
      })
      .map(({ minute, id, isDelete, ...what }) => {
        const overrides = { ...what, id: `event-${id}`, timestamp: at(minute) };
        return isDelete ? imageDeleted(overrides) : imagePushed(overrides);
      });
    const events = fc.uniqueArray(event, { maxLength: 8, selector: ({ id }) => id });
    const deliveries = events.chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray([...some, ...some], { minLength: some.length * 2 })),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ([inOrder, shuffled]) => {
        const [app, other] = [auditApp(), auditApp()];
        await deliverAll(app, inOrder);
        await Promise.all(shuffled.map((each) => other.deliver(each)));
        expect(await itemsOf(other, 'image=team/app')).toEqual(await itemsOf(app, 'image=team/app'));
        expect(await itemsOf(other)).toEqual(await itemsOf(app));
      }),
      { numRuns: 60 },
    );
  });
});

function keyed({ partitionKey, rowKey, columns }: { partitionKey: string; rowKey: string; columns: object }) {
  return { partitionKey, rowKey, columns };
}
