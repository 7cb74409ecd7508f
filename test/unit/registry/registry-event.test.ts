import type { ContainerRegistryImagePushedEventData } from '@azure/eventgrid';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RegistryEvent, readRegistryEvent } from '../../../src/registry/registry-event.ts';
import {
  asCloudEvent,
  contosoResourceId,
  digestOf,
  imageDeleted,
  imagePushed,
} from '../../builders/registry-event.ts';

const digest = digestOf('app');

function read(input: unknown): RegistryEvent {
  const reading = readRegistryEvent(input);
  if (reading.outcome !== 'event') {
    throw new Error(JSON.stringify(reading));
  }
  return reading.event;
}

function refused(input: unknown): readonly string[] {
  const reading = readRegistryEvent(input);
  return reading.outcome === 'invalid' ? reading.problems.map(({ field }) => field) : [`not refused`];
}

/** A push whose `data`, or `data.target`, says something else. */
const pushWith = (data: object) => ({ ...imagePushed(), data: { ...imagePushed().data, ...data } });
const pushOf = (target: object) => pushWith({ target: { ...imagePushed().data.target, ...target } });
const pushBy = (request: object) => pushWith({ request: { ...imagePushed().data.request, ...request } });

function chart(kind: string, action: string) {
  return {
    ...pushWith({
      action,
      request: undefined,
      target: {
        mediaType: 'application/vnd.acr.helm.chart',
        size: 25_265,
        digest,
        repository: 'charts',
        tag: 'wordpress-5.4.0.tgz',
        name: 'wordpress',
        version: '5.4.0.tgz',
      },
    }),
    eventType: `Microsoft.ContainerRegistry.${kind}`,
    subject: 'anything',
  };
}

describe('readRegistryEvent', () => {
  it('when an image was pushed, reads every field', () => {
    const raw = imagePushed({ digest, repository: 'team/app', tag: '1.4.2', size: 1_152 });
    expect(readRegistryEvent(raw)).toEqual({
      outcome: 'event',
      event: {
        id: raw.id,
        dataId: raw.data.id,
        action: 'push',
        resourceId: contosoResourceId.toLowerCase(),
        registryName: 'contoso',
        occurredAt: Date.parse('2026-03-02T09:15:27.276Z'),
        repository: 'team/app',
        digest,
        tag: '1.4.2',
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 1_152,
        length: 1_152,
        location: 'westeurope',
        client: { userAgent: 'docker/27.3.1 go/go1.22.7 os/linux arch/amd64' },
        request: { id: raw.data.request?.id, host: 'contoso.azurecr.io', method: 'PUT' },
        dataVersion: '2.0',
        notes: [],
      },
    });
  });

  it('when an image was deleted, reads a deletion without a tag', () => {
    const event = read(imageDeleted({ digest }));
    expect(event).toMatchObject({ action: 'delete', repository: 'team/app', digest, notes: [] });
    expect(event).not.toHaveProperty('tag');
    expect(event).not.toHaveProperty('size');
  });

  it.each([
    ['ChartPushed', 'chart_push'],
    ['ChartDeleted', 'chart_delete'],
  ])('when the type is %s, reads a chart', (kind, action) => {
    expect(read(chart(kind, action))).toMatchObject({
      action,
      repository: 'charts',
      tag: 'wordpress-5.4.0.tgz',
      chart: { name: 'wordpress', version: '5.4.0.tgz' },
      notes: [],
    });
  });

  it('when it comes as a CloudEvent, reads the same event', () => {
    for (const raw of [imagePushed(), imageDeleted(), imagePushed({ connectedRegistry: 'edge1' })]) {
      const { dataVersion, ...event } = read(raw);
      expect(read(asCloudEvent(raw))).toEqual(event);
      expect(read({ ...asCloudEvent(raw), dataschema: `#${dataVersion}` })).toEqual({
        ...event,
        dataVersion,
      });
    }
  });

  it('when the data is the text of a JSON object, reads the same event', () => {
    const raw = imagePushed();
    expect(read({ ...raw, data: JSON.stringify(raw.data) })).toEqual(read(raw));
  });

  it('when the data is exactly what the SDK’s types promise, reads it', () => {
    const data: ContainerRegistryImagePushedEventData = {
      id: 'data-id',
      timestamp: '2026-03-02T09:15:27.276585742Z',
      action: 'push',
      location: 'WestEurope',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 1,
        digest,
        length: 1,
        repository: 'team/app',
        url: 'https://contoso.azurecr.io/v2/team/app/manifests/1.4.2',
        tag: '1.4.2',
      },
      request: {
        id: 'r',
        addr: '203.0.113.7:61042',
        host: 'contoso.azurecr.io',
        method: 'PUT',
        useragent: 'oras/1.2',
      },
      actor: { name: 'ci@contoso.example' },
      source: { addr: 'a', instanceID: 'i' },
      connectedRegistry: { name: 'Edge1' },
    };
    expect(read({ ...imagePushed(), data })).toMatchObject({
      dataId: 'data-id',
      location: 'westeurope',
      connectedRegistry: 'edge1',
      client: { userAgent: 'oras/1.2', address: '203.0.113.7:61042', actor: 'ci@contoso.example' },
      request: { id: 'r', host: 'contoso.azurecr.io', method: 'PUT' },
      notes: [],
    });
  });

  it.each([undefined, null])('when every optional field is %s, reads the event without them', (absent) => {
    const raw = {
      id: '1',
      topic: contosoResourceId,
      eventType: 'Microsoft.ContainerRegistry.ImagePushed',
      eventTime: absent,
      subject: absent,
      dataVersion: absent,
      data: {
        id: absent,
        timestamp: '2026-03-02T09:15:27Z',
        action: absent,
        location: absent,
        actor: absent,
        request: absent,
        connectedRegistry: absent,
        target: { digest, repository: 'app', tag: absent, size: absent, length: absent, mediaType: absent },
      },
    };
    expect(read(raw)).toEqual({
      id: '1',
      action: 'push',
      resourceId: contosoResourceId.toLowerCase(),
      registryName: 'contoso',
      occurredAt: Date.parse('2026-03-02T09:15:27Z'),
      repository: 'app',
      digest,
      client: {},
      notes: [],
    });
  });

  it('when there are unknown fields, ignores them', () => {
    expect(read({ ...pushWith({ quarantine: { a: [1] } }), extra: 1 })).toEqual(read(imagePushed()));
  });
});

describe('readRegistryEvent, on the type', () => {
  it.each([
    'Microsoft.ContainerRegistry.ImageQuarantined',
    'Microsoft.ContainerRegistry.imagepushed',
    'Microsoft.ContainerRegistry.',
    'Microsoft.Storage.BlobCreated',
    'ImagePushed',
    'constructor',
  ])('when the type is %s, reports another type whatever the rest looks like', (type) => {
    expect(readRegistryEvent({ ...imagePushed(), eventType: type })).toEqual({ outcome: 'other-type', type });
    expect(readRegistryEvent({ specversion: '1.0', type })).toEqual({ outcome: 'other-type', type });
  });

  it('when another type is long and unprintable, reports it bounded and clean', () => {
    expect(readRegistryEvent({ eventType: `a\n${'x'.repeat(5_000)}` })).toEqual({
      outcome: 'other-type',
      type: `a\uFFFD${'x'.repeat(254)}`,
    });
  });

  it('when the provider’s name is in other letters, knows the type', () => {
    expect(read({ ...imagePushed(), eventType: 'microsoft.containerRegistry.ImagePushed' }).action).toBe(
      'push',
    );
  });

  it('when data.action contradicts it, lets the type win and notes it', () => {
    expect(read(pushWith({ action: 'delete' }))).toMatchObject({
      action: 'push',
      notes: ['data.action "delete" contradicts the event\'s type; the type wins'],
    });
  });
});

describe('readRegistryEvent, on the registry', () => {
  it('when the topic is in other letters, reads the same registry', () => {
    expect(read(imagePushed({ resourceId: contosoResourceId.toUpperCase() }))).toMatchObject({
      resourceId: contosoResourceId.toLowerCase(),
      registryName: 'contoso',
    });
  });

  it('when the topic names a connected registry, tells it from the registry', () => {
    expect(read(imagePushed({ connectedRegistry: 'Edge1' }))).toMatchObject({
      resourceId: contosoResourceId.toLowerCase(),
      registryName: 'contoso',
      connectedRegistry: 'edge1',
      notes: [],
    });
  });

  it.each(['connectedRegistry', 'connectedregistry'])(
    'when only data.%s names it, takes the name from there',
    (field) => {
      expect(read(pushWith({ [field]: { name: 'Edge1' } })).connectedRegistry).toBe('edge1');
    },
  );

  it('when topic and data name different ones, lets the topic win and notes it', () => {
    const raw = imagePushed({ connectedRegistry: 'edge1' });
    expect(read({ ...raw, data: { ...raw.data, connectedRegistry: { name: 'edge2' } } })).toMatchObject({
      connectedRegistry: 'edge1',
      notes: ['connected registry "edge2" contradicts the topic\'s "edge1"; the topic wins'],
    });
  });

  it.each([
    undefined,
    42,
    '/',
    'contoso',
    '/subscriptions/0/resourceGroups/rg/providers/Microsoft.EventGrid/topics/contoso',
    `${contosoResourceId}/`,
    `${contosoResourceId}/replications/westeurope`,
    `${contosoResourceId}/connectedRegistries/`,
    `${contosoResourceId}\n`,
    `${contosoResourceId}?x=1`,
    `${contosoResourceId}\\x`,
    `${contosoResourceId}\u202E`,
    `${contosoResourceId}${'x'.repeat(1_024)}`,
    `/${'a/'.repeat(500)}`,
  ])('when the topic is %j, refuses it', (topic) => {
    expect(refused({ ...imagePushed(), topic })).toEqual(['topic']);
    expect(refused({ ...asCloudEvent(imagePushed()), source: topic })).toEqual(['source']);
  });
});

describe('readRegistryEvent, on time', () => {
  it.each([
    ['2018-04-25T21:39:47.276585742Z', '2018-04-25T21:39:47.276Z'],
    ['2023-03-05T23:45:31.2614267Z', '2023-03-05T23:45:31.261Z'],
  ])('when the registry’s timestamp is %s, takes it to the millisecond', (timestamp, iso) => {
    expect(read(pushWith({ timestamp })).occurredAt).toBe(Date.parse(iso));
  });

  it('when the registry’s timestamp is missing, takes the envelope’s time and notes it', () => {
    const expected = {
      occurredAt: Date.parse('2026-03-02T09:15:27.276Z'),
      notes: ["data.timestamp is missing; the event's own time stands in"],
    };
    const raw = pushWith({ timestamp: undefined });
    expect(read(raw)).toMatchObject(expected);
    expect(read({ ...asCloudEvent(imagePushed()), data: raw.data })).toMatchObject(expected);
  });

  it('when there is no time at all, refuses the event', () => {
    expect(refused({ ...pushWith({ timestamp: null }), eventTime: undefined })).toEqual(['data.timestamp']);
  });

  it.each(['yesterday', '2026-02-30T00:00:00Z', '1969-12-31T23:59:59Z', 1_772_443_527, {}])(
    'when a timestamp is %j, refuses it even when the other one would do',
    (time) => {
      expect(refused(pushWith({ timestamp: time }))).toEqual(['data.timestamp']);
      expect(refused({ ...imagePushed(), eventTime: time })).toEqual(['eventTime']);
      expect(refused({ ...asCloudEvent(imagePushed()), time })).toEqual(['time']);
    },
  );
});

describe('readRegistryEvent, on the target', () => {
  it.each([
    ['push', 'team/app:1.4.2', imagePushed({ digest })],
    ['push', `team/app@${digest}`, imagePushed({ digest })],
    ['push by digest', 'team/app', imagePushed({ digest, tag: null })],
    ['push by digest', `team/app@${digest}`, imagePushed({ digest, tag: null })],
    ['deletion', 'team/app', imageDeleted({ digest })],
  ])('when the subject of a %s is %s, notes nothing', (_, subject, raw) => {
    expect(read({ ...raw, subject }).notes).toEqual([]);
  });

  it.each([
    ['push', 'a:b', imagePushed({ repository: 'a', tag: 'c' }), 'a:c'],
    ['push by digest', 'a:b', imagePushed({ repository: 'a', tag: null }), 'a'],
    ['deletion', 'b', imageDeleted({ repository: 'a' }), 'a'],
    ['push', `a@${digestOf('other')}`, imagePushed({ repository: 'a', tag: 'c' }), 'a:c'],
  ])(
    'when the subject of a %s is %s and contradicts the target, lets the target win',
    (_, subject, raw, target) => {
      const event = read({ ...raw, subject });
      expect(event.repository).toBe('a');
      expect(event.notes).toEqual([`subject ${quoted(subject)} contradicts target "${target}"; target wins`]);
    },
  );

  it.each<[string, unknown, string[]]>([
    ['a text', 'nope', ['data.target']],
    ['empty', {}, ['data.target.repository', 'data.target.digest']],
    ['missing', undefined, ['data.target']],
    ['null', null, ['data.target']],
    ['an array', [], ['data.target']],
    ['without a digest', { repository: 'app' }, ['data.target.digest']],
    ['without a repository', { digest }, ['data.target.repository']],
  ])('when the target is %s, refuses it', (_, target, fields) => {
    expect(refused(pushWith({ target }))).toEqual(fields);
    expect(refused({ ...imageDeleted(), data: { ...imageDeleted().data, target } })).toEqual(fields);
  });

  it.each<[string, unknown]>([
    ['digest', 42],
    ['digest', digest.toUpperCase()],
    ['digest', 'sha256:xxxx'],
    ['digest', { toString: 'sha256' }],
    ['repository', 'Team/App'],
    ['repository', '<script>alert(1)</script>'],
    ['repository', 'team/app\n'],
    ['repository', 'x'.repeat(256)],
    ['repository', ['app']],
    ['tag', 'x'.repeat(129)],
    ['tag', '<b>'],
    ['tag', 'a\u0000'],
    ['tag', 7],
    ['size', -1],
    ['size', '1152'],
    ['size', 1.5],
    ['size', 2 ** 53],
    ['length', Number.NaN],
    ['mediaType', 42],
  ])('when target.%s is %j, refuses that field', (field, value) => {
    expect(refused(pushOf({ [field]: value }))).toEqual([`data.target.${field}`]);
  });

  it('when the data is text but no JSON object, refuses it', () => {
    for (const data of [
      '',
      'nope',
      '{',
      '42',
      'null',
      '[]',
      '"{}"',
      '['.repeat(100_000),
      `"${'x'.repeat(2_000_000)}"`,
    ]) {
      expect(refused({ ...imagePushed(), data })).toEqual(['data']);
    }
  });

  it('when many fields are wrong, lists them all, with the id and what was expected', () => {
    const raw = {
      ...pushWith({
        timestamp: 'x',
        location: 1,
        target: { digest: 42, repository: 'A', tag: '-', size: '1' },
        request: 'r',
      }),
      topic: 'x',
      eventTime: 'x',
      subject: 5,
    };
    const reading = readRegistryEvent(raw);
    expect(reading).toMatchObject({ outcome: 'invalid', id: raw.id });
    expect([...refused(raw)].sort()).toEqual([
      'data.location',
      'data.request',
      'data.target.digest',
      'data.target.repository',
      'data.target.size',
      'data.target.tag',
      'data.timestamp',
      'eventTime',
      'subject',
      'topic',
    ]);
    expect(reading).toMatchObject({
      problems: expect.arrayContaining([
        {
          field: 'data.target.digest',
          problem: expect.stringMatching(/^is 42: expected a digest: "sha256:"/),
        },
      ]),
    });
  });
});

describe('readRegistryEvent, on the envelope', () => {
  it.each([undefined, null, 42, 'text', true, []])('when the input is %j, refuses it', (input) => {
    expect(refused(input)).toEqual(['$']);
  });

  it('when the object is empty, names the first things that are missing', () => {
    expect(refused({})).toEqual(['eventType', 'id', 'topic', 'data']);
  });

  it.each(['', 'x'.repeat(101), 'a\nb', '\u202Ea', '\uD800', 42, {}])(
    'when the id is %j, refuses it',
    (id) => {
      expect(refused({ ...imagePushed(), id })).toEqual(['id']);
      expect(readRegistryEvent({ ...imagePushed(), id })).not.toHaveProperty('id');
    },
  );

  it.each<[string, unknown, string]>([
    ['no type', { id: '1' }, 'eventType is missing: expected the type of an event'],
    ['a CloudEvent without a type', { specversion: '1.0' }, 'type is missing: expected the type of an event'],
    [
      'another version of CloudEvents',
      { ...asCloudEvent(imagePushed()), specversion: '0.3' },
      'specversion is "0.3": expected "1.0", the version of CloudEvents',
    ],
    ['data that is not JSON', { ...imagePushed(), data: '{' }, 'data is "{": expected an object'],
    [
      'no time of its own or of its data',
      { ...pushWith({ timestamp: null }), eventTime: undefined },
      'data.timestamp is missing, and the event has no time of its own: expected an RFC 3339 timestamp',
    ],
  ])('when there is %s, says what is expected', (_, input, problem) => {
    const reading = readRegistryEvent(input);
    const problems = reading.outcome === 'invalid' ? reading.problems : [];
    expect(problems.map((one) => `${one.field} ${one.problem}`)).toContain(problem);
  });

  it('when it has fields of both schemas, its own type decides', () => {
    expect(read({ ...imagePushed(), type: 'anything' })).toEqual(read(imagePushed()));
  });

  it('when a type only looks like that of a registry, it is another type', () => {
    const type = 'Microsoft.ContainerRegistrx.ImagePushed';
    expect(readRegistryEvent({ ...imagePushed(), eventType: type })).toEqual({ outcome: 'other-type', type });
  });

  it('when the data is text, it is read up to 1 MB', () => {
    const raw = imagePushed();
    const text = JSON.stringify(raw.data).padEnd(1_048_576);
    expect(read({ ...raw, data: text })).toEqual(read(raw));
    expect(refused({ ...raw, data: `${text} ` })).toEqual(['data']);
  });

  it('when the version of the data has a "#" elsewhere, it stays', () => {
    expect(read({ ...imagePushed(), dataVersion: '2#0' }).dataVersion).toBe('2#0');
  });

  it('when only the topic names a connected registry, that is no contradiction', () => {
    const { data, ...raw } = imagePushed({ connectedRegistry: 'edge1' });
    const { connectedRegistry: _, ...others } = data;
    expect(read({ ...raw, data: others })).toMatchObject({ connectedRegistry: 'edge1', notes: [] });
  });

  it('when the version of CloudEvents is another or missing, refuses it', () => {
    expect(refused({ ...asCloudEvent(imagePushed()), specversion: '0.3' })).toEqual(['specversion']);
    expect(refused({ ...asCloudEvent(imagePushed()), specversion: undefined })).toEqual(['specversion']);
  });
});

describe('readRegistryEvent, on free text', () => {
  it('when a text has markup, keeps it as text', () => {
    const useragent = '<script>alert("x")</script> & \' ünïcode';
    expect(read(pushBy({ useragent }))).toMatchObject({ client: { userAgent: useragent }, notes: [] });
  });

  it.each([
    [
      'data.request.useragent',
      512,
      (text: string) => pushBy({ useragent: text }),
      (e: RegistryEvent) => e.client.userAgent,
    ],
    [
      'data.request.addr',
      64,
      (text: string) => pushBy({ addr: text }),
      (e: RegistryEvent) => e.client.address,
    ],
    [
      'data.actor.name',
      256,
      (text: string) => pushWith({ actor: { name: text } }),
      (e: RegistryEvent) => e.client.actor,
    ],
    [
      'data.target.mediaType',
      255,
      (text: string) => pushOf({ mediaType: text }),
      (e: RegistryEvent) => e.mediaType,
    ],
    ['data.location', 64, (text: string) => pushWith({ location: text }), (e: RegistryEvent) => e.location],
  ])(
    'when %s is longer than %d characters or unprintable, repairs and notes it',
    (field, limit, raw, value) => {
      const long = read(raw('x'.repeat(limit + 1)));
      expect(value(long)).toBe('x'.repeat(limit));
      expect(long.notes).toEqual([`${field} shortened to ${limit} characters`]);

      const unprintable = read(raw('a\r\n\u202Eb\uD800'));
      expect(value(unprintable)).toBe('a\uFFFD\uFFFD\uFFFDb\uFFFD');
      expect(unprintable.notes).toEqual([`${field} unprintable characters replaced`]);

      expect(read(raw('x'.repeat(limit))).notes).toEqual([]);
    },
  );
});

describe('readRegistryEvent, on anything', () => {
  function expectReading(input: unknown) {
    const reading = readRegistryEvent(input);
    if (reading.outcome === 'invalid') {
      expect(reading.problems.length).toBeGreaterThan(0);
      for (const { field, problem } of reading.problems) {
        expect(field).not.toBe('');
        expect(problem).toMatch(/expected/);
        expect(problem.length).toBeLessThan(400);
      }
    }
    expect(Buffer.byteLength(JSON.stringify(reading))).toBeLessThan(30_000);
  }

  it('when the input is anything, gives a reading', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withDate: true, withMap: true }), expectReading),
    );
    fc.assert(fc.property(fc.jsonValue(), expectReading));
  });

  it('when any field of a valid event is replaced or removed, gives a reading', () => {
    const events = fc.constantFrom(
      imagePushed(),
      imageDeleted(),
      imagePushed({ connectedRegistry: 'edge1' }),
      asCloudEvent(imagePushed()),
      chart('ChartPushed', 'chart_push'),
    );
    const replacement = fc.oneof(
      fc.anything(),
      fc.jsonValue(),
      fc.string({ unit: 'binary', maxLength: 2_000 }),
    );
    const mutations = events.chain((event) =>
      fc
        .array(fc.tuple(fc.constantFrom(...pathsOf(event)), replacement), { minLength: 1, maxLength: 3 })
        .map((changes) =>
          changes.reduce<unknown>((json, [path, value]) => replaced(json, path, value), event),
        ),
    );
    fc.assert(fc.property(mutations, expectReading), { numRuns: 2_000 });
  });

  it('when the text of a valid event is damaged but still JSON, gives a reading', () => {
    const text = JSON.stringify(imagePushed());
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 3 }), (at, inserted) => {
        const damaged = text.slice(0, at) + inserted + text.slice(at + inserted.length);
        let input: unknown = damaged;
        try {
          input = JSON.parse(damaged);
        } catch {
          // Read as a text then, which is as hostile.
        }
        expectReading(input);
      }),
    );
  });
});

function quoted(text: string): string {
  return text.length > 80 ? `"${text.slice(0, 80)}"…` : `"${text}"`;
}

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, field]) => [[...path, key], ...pathsOf(field, [...path, key])])
    : [];
}

function replaced(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined || typeof value !== 'object' || value === null) {
    return replacement;
  }
  const fields = Object.entries(value);
  return Object.fromEntries(
    fields.map(([name, field]) => [name, name === key ? replaced(field, rest, replacement) : field]),
  );
}
