import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxKeptPayload, rejections } from '../../../src/storage/rejections.ts';
import { type AuditApp, appTime, auditApp, itemsOf } from '../../builders/audit-app.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import {
  contosoResourceId,
  digestOf,
  type EventGridJson,
  imagePushed,
} from '../../builders/registry-event.ts';

const good = imagePushed({ id: 'good', digest: digestOf('good') });

/** The event with a field of its `data.target` as sent. */
function target(fields: object): unknown {
  return { ...good, data: { ...good.data, target: { ...good.data.target, ...fields } } };
}

function data(fields: object): unknown {
  return { ...good, data: { ...good.data, ...fields } };
}

function rejectedOf(app: AuditApp) {
  return app.rejected.rows().map(({ partitionKey, rowKey, columns }) => ({
    registry: partitionKey,
    key: rowKey,
    ...columns,
    payload: Buffer.from(String(columns['payload']), 'base64').toString('utf8'),
  }));
}

async function goodIsRecorded(app: AuditApp): Promise<void> {
  expect(await itemsOf(app, 'image=team/app')).toEqual([expect.objectContaining({ eventId: 'good' })]);
}

describe('an unreadable event', () => {
  it.each<[string, unknown, RegExp]>([
    ['null', null, /^\$: is null: expected an object/],
    ['a text', 'event', /^\$: is "event"/],
    ['a number', 42, /^\$: is 42/],
    ['an array of events', [good], /^\$: is an array/],
    ['an empty object', {}, /eventType: is missing/],
    ['without data', { ...good, data: undefined }, /data: is missing/],
    ['with data that is malformed text', { ...good, data: '{"target":' }, /data: is "\{/],
    ['with data that is an array', { ...good, data: [good.data] }, /data: is an array/],
    ['without an id', { ...good, id: '' }, /id: is missing/],
    ['with an id that is no text', { ...good, id: 7 }, /id: is 7/],
    ['with a long id', { ...good, id: 'x'.repeat(101) }, /id: is "x+"…: expected 1 to 100/],
    ['with an id of control characters', { ...good, id: 'a\nb' }, /id: is "a\ufffdb"/],
    ['without a topic', { ...good, topic: undefined }, /topic: is missing/],
    ['with a topic of another kind', { ...good, topic: '/subscriptions/1' }, /topic: is ".*": expected/],
    ['with a digest of 63 digits', target({ digest: good.data.target.digest.slice(0, -1) }), /digest: is/],
    ['with a digest of 65 digits', target({ digest: `${good.data.target.digest}0` }), /digest: is/],
    ['with an upper-case digest', target({ digest: `sha256:${'A'.repeat(64)}` }), /digest: is/],
    ['with a digest of another algorithm', target({ digest: `md5:${'a'.repeat(32)}` }), /digest: is/],
    ['with a tag of 129 characters', target({ tag: 'a'.repeat(129) }), /tag: is ".*"…: expected a tag/],
    ['with markup for a tag', target({ tag: '<img src=x>' }), /tag: is "<img src=x>"/],
    ['with a line break in the tag', target({ tag: 'prod\r\n' }), /tag: is "prod\ufffd\ufffd"/],
    ['with a path for a repository', target({ repository: '../../etc' }), /repository: is/],
    ['with a repository in upper case', target({ repository: 'Team/App' }), /repository: is/],
    ['with a separator of keys in the repository', target({ repository: 'team|app' }), /repository: is/],
    ['with a size that is negative', target({ size: -1 }), /size: is -1/],
    ['with a size in words', target({ size: '3 MB' }), /size: is "3 MB"/],
    ['with a timestamp in words', data({ timestamp: 'yesterday' }), /timestamp: is "yesterday"/],
    ['with a timestamp before 1970', data({ timestamp: '1969-12-31T23:59:59Z' }), /timestamp: is/],
    ['with a request that is a text', data({ request: 'PUT' }), /request: is "PUT"/],
  ])(
    'when it is %s, it is kept with the field and the raw input, and acknowledged',
    async (_, event, detail) => {
      const app = auditApp();
      expect(await app.deliver(event)).toBe('rejected');
      expect(rejectedOf(app)).toEqual([
        {
          registry: 'unknown',
          key: expect.stringMatching(/^[0-9a-f]{64}$/),
          reason: 'unreadable-event',
          detail: expect.stringMatching(detail),
          receivedAt: new Date(appTime).toISOString(),
          payload: JSON.stringify(event),
          payloadBytes: String(Buffer.byteLength(JSON.stringify(event))),
          truncated: false,
        },
      ]);
      expect(app.lines).toEqual([expect.objectContaining({ level: 'warn', message: 'event rejected' })]);
      expect(await app.deliver(good)).toBe('recorded');
      await goodIsRecorded(app);
    },
  );

  it('when it has several faults, all of them are named', async () => {
    const app = auditApp();
    await app.deliver({ ...good, id: 1, data: { target: { digest: 'x', repository: 'A', tag: '' } } });
    const detail = String(app.rejected.rows()[0]?.columns['detail']);
    for (const field of ['id', 'data.target.digest', 'data.target.repository']) {
      expect(detail).toContain(`${field}: `);
    }
  });

  it('when it is delivered again, it is kept once', async () => {
    const app = auditApp();
    await app.deliver({});
    app.clock.time += 60_000;
    expect(await app.deliver({})).toBe('rejected');
    expect(rejectedOf(app)).toHaveLength(1);
  });

  it('when its id would make a key too long for storage, it is rejected rather than retried for ever', async () => {
    const app = auditApp();
    expect(await app.deliver(imagePushed({ id: '\u{1f433}'.repeat(100) }))).toBe('rejected');
    expect(rejectedOf(app)).toEqual([
      expect.objectContaining({ reason: 'unreadable-event', detail: expect.stringMatching(/^id: /) }),
    ]);
    expect(await app.deliver(imagePushed({ id: '\u{1f433}'.repeat(25) }))).toBe('recorded');
    expect(await app.deliver(imagePushed({ id: '|'.repeat(100) }))).toBe('recorded');
  });
});

describe('an event that is not for this history', () => {
  it.each([
    ['of a registry that is not accepted', contosoResourceId.replace(/contoso$/, 'fabrikam')],
    ['of a registry whose name begins like an accepted one', `${contosoResourceId}2`],
  ])('when it is %s, it is kept and acknowledged', async (_, resourceId) => {
    const app = auditApp();
    expect(await app.deliver(imagePushed({ resourceId }))).toBe('rejected');
    expect(rejectedOf(app)).toEqual([
      expect.objectContaining({
        registry: 'unknown',
        reason: 'unknown-registry',
        detail: expect.stringContaining(resourceId.toLowerCase()),
      }),
    ]);
    expect(app.repositories.rows()).toEqual([]);
  });

  it('when the client named an accepted host, the topic still decides', async () => {
    const app = auditApp();
    const event = imagePushed({ resourceId: contosoResourceId.replace(/contoso$/, 'fabrikam') });
    const request = { ...event.data.request, host: 'contoso.azurecr.io' };
    expect(await app.deliver({ ...event, data: { ...event.data, request } })).toBe('rejected');
  });

  it.each(['edge_1', 'a.b', '-edge', 'x'.repeat(64), 'é'])(
    'when its connected registry is named %j, which is no label of a domain, it is kept for its parent',
    async (connectedRegistry) => {
      const app = auditApp();
      expect(await app.deliver(imagePushed({ connectedRegistry }))).toBe('rejected');
      expect(rejectedOf(app)).toEqual([
        expect.objectContaining({ registry: 'contoso.azurecr.io', reason: 'unknown-registry' }),
      ]);
    },
  );

  it.each([undefined, 'edge1'])(
    'when it is of the future (connected registry: %s), the status counts it',
    async (name) => {
      const app = auditApp();
      const timestamp = new Date(appTime + 16 * 60_000).toISOString();
      const event = imagePushed({ timestamp, ...(name === undefined ? {} : { connectedRegistry: name }) });
      expect(await app.deliver(event)).toBe('rejected');
      expect(rejectedOf(app)).toEqual([
        expect.objectContaining({ reason: 'future-timestamp', detail: expect.stringContaining(timestamp) }),
      ]);
      const response = await app.get('status');
      expect(await response.json()).toMatchObject({
        registries: [{ registry: 'contoso.azurecr.io', rejected: 1 }],
      });
    },
  );

  it('when its id and time are those of another event, it is kept, and the first stays as it was', async () => {
    const app = auditApp();
    await app.deliver(good);
    const forged = imagePushed({ id: 'good', digest: digestOf('forged') });
    expect(await app.deliver(forged)).toBe('rejected');
    expect(rejectedOf(app)).toEqual([
      expect.objectContaining({ registry: 'contoso.azurecr.io', reason: 'id-reused' }),
    ]);
    await goodIsRecorded(app);
  });
});

describe('a large event', () => {
  it('when the rejected payload is above 64 KiB, its beginning is kept and marked', async () => {
    const app = auditApp();
    const event = { ...good, id: '', padding: 'é'.repeat(100_000) };
    await app.deliver(event);
    const [row] = rejectedOf(app);
    const bytes = Buffer.from(JSON.stringify(event));
    expect(row).toMatchObject({ truncated: true, payloadBytes: String(bytes.length) });
    const kept = Buffer.from(String(app.rejected.rows()[0]?.columns['payload']), 'base64');
    expect(kept).toEqual(bytes.subarray(0, maxKeptPayload));
    expect(maxKeptPayload).toBe(65_536);
  });

  it('when two large payloads differ after what is kept, both are', async () => {
    const app = auditApp();
    await app.deliver({ padding: `${'x'.repeat(70_000)}1` });
    await app.deliver({ padding: `${'x'.repeat(70_000)}2` });
    expect(rejectedOf(app)).toHaveLength(2);
  });

  it('when it is above the limit of Event Grid, it is rejected unread', async () => {
    const app = auditApp();
    expect(await app.deliver({ ...good, padding: 'x'.repeat(1_048_576) })).toBe('rejected');
    expect(rejectedOf(app)).toEqual([
      expect.objectContaining({ reason: 'oversized-event', truncated: true }),
    ]);
    expect(await app.deliver({ ...good, padding: 'x'.repeat(1_000_000) })).toBe('recorded');
  });

  it('when it is nested deeper than can be written, it is rejected', async () => {
    const app = auditApp();
    const depth = 100_000;
    const nested: unknown = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(await app.deliver({ ...good, nested })).toBe('rejected');
    expect(rejectedOf(app)).toEqual([expect.objectContaining({ reason: 'unreadable-event' })]);
  });
});

describe('a long reason', () => {
  it('when it is cut, no half of a character is left', async () => {
    const table = memoryTable();
    const detail = `${'x'.repeat(4_095)}\u{1f433}`;
    const rejection = { registry: 'contoso.azurecr.io', reason: 'unreadable-event', receivedAt: appTime };
    await rejections(table).keep({ ...rejection, detail, payload: '{}' });
    expect(table.rows()[0]?.columns['detail']).toBe(`${'x'.repeat(4_095)}\ufffd`);
  });
});

describe('arbitrary input', () => {
  it('when anything is delivered, nothing is thrown, and the good event beside it is recorded', async () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    await fc.assert(
      fc.asyncProperty(json, async (input) => {
        const app = auditApp();
        const [outcome] = await Promise.all([app.deliver(input), app.deliver(good)]);
        expect(outcome).toBe('rejected');
        await goodIsRecorded(app);
      }),
    );
  });

  it('when fields of an event are replaced, it is recorded, known, ignored or rejected, never thrown', async () => {
    const paths = pathsOf(good);
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2, stringUnit: 'binary' }),
      fc.constantFrom(
        'x'.repeat(5_000),
        'é'.repeat(300),
        '\ud800',
        '__proto__',
        '2026-05-02T14:03:00Z',
        1e300,
      ),
    );
    const changes = fc.array(fc.tuple(fc.constantFrom(...paths), value), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(changes, async (some) => {
        const app = auditApp();
        const event = some.reduce<unknown>((changed, [path, to]) => withValue(changed, path, to), good);
        const outcomes = await Promise.all([app.deliver(event), app.deliver(event), app.deliver(event)]);
        for (const outcome of outcomes)
          expect(['recorded', 'known', 'ignored', 'rejected']).toContain(outcome);
        for (const name of ['history', 'status']) expect((await app.get(name)).status).toBe(200);
        for (const { columns } of app.rejected.rows()) {
          expect(String(columns['detail']).isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

type Path = readonly string[];

function pathsOf(value: EventGridJson | object, path: Path = []): readonly Path[] {
  return Object.entries(value).flatMap(([name, field]): readonly Path[] => {
    const own = [...path, name];
    return typeof field === 'object' && field !== null ? [own, ...pathsOf(field, own)] : [own];
  });
}

function withValue(value: unknown, [name, ...rest]: Path, to: unknown): unknown {
  if (name === undefined) return to;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const field: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return { ...value, [name]: withValue(field, rest, to) };
}
