import fc from 'fast-check';
import { readEventList } from '../../src/audit/event-list.ts';
import { recordIdOf } from '../../src/history/record-id.ts';
import { acceptedRegistry, historyRegistry } from '../../src/registry/accepted-registry.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import { isRepositoryName, isTag } from '../../src/registry/name.ts';
import { type RegistryEvent, readRegistryEvent } from '../../src/registry/registry-event.ts';
import { fieldsIn, isClean, jsonOf } from '../outside-json.ts';
import { type Answer, accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import {
  asJson,
  digests,
  maybe,
  mostly,
  outsideTexts,
  registries,
  repositories,
  tags,
  times,
} from '../values.ts';

const topics = fc.constantFrom(
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/contoso',
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/contoso/connectedRegistries/edge',
  '/providers/microsoft.containerregistry/registries/fabrikam',
);

const types = fc.constantFrom('ImagePushed', 'ImageDeleted', 'ChartPushed', 'ChartDeleted', 'Other');

const targetsOfEvents = fc.record({
  mediaType: maybe(fc.constant('application/vnd.oci.image.manifest.v1+json')),
  size: maybe(fc.nat()),
  length: maybe(fc.nat()),
  digest: mostly(digests),
  repository: mostly(repositories),
  tag: maybe(tags),
  name: maybe(outsideTexts),
  version: maybe(outsideTexts),
});

const datas = fc.record({
  id: maybe(fc.uuid()),
  timestamp: maybe(times),
  action: maybe(fc.constantFrom('push', 'delete')),
  location: maybe(fc.constant('westeurope')),
  target: mostly(targetsOfEvents),
  request: maybe(
    fc.record({
      id: maybe(fc.uuid()),
      host: maybe(registries),
      method: maybe(fc.constant('PUT')),
      useragent: maybe(outsideTexts),
      addr: maybe(outsideTexts),
    }),
  ),
  actor: maybe(fc.record({ name: maybe(outsideTexts) })),
  connectedRegistry: maybe(fc.record({ name: maybe(fc.constantFrom('edge', 'Other')) })),
});

const events = fc
  .record({
    id: mostly(fc.uuid()),
    topic: mostly(topics),
    type: types,
    subject: maybe(outsideTexts),
    time: maybe(times),
    data: datas,
    isCloud: fc.boolean(),
    isText: fc.nat(5),
  })
  .map(({ id, topic, type, subject, time, data, isCloud, isText }) => {
    const name = type === 'Other' ? 'Microsoft.Storage.BlobCreated' : `Microsoft.ContainerRegistry.${type}`;
    const sent = isText === 0 ? asJson(data) : data;
    return isCloud
      ? { id, source: topic, specversion: '1.0', type: name, subject, time, data: sent }
      : { id, topic, subject, eventType: name, eventTime: time, data: sent, dataVersion: '2.0' };
  });

const audited = [{ loginServer: 'contoso.azurecr.io' }];

/** Deliveries of Event Grid, and lists of events as queues and dead letters have them. */
export const registryEvent: Target = {
  name: 'registry-event',
  form: 'text',
  property:
    'every text of an event that is taken is bounded and clean, its names are names; written down again in either schema, it reads the same; the same is read of a list',
  made: fc.oneof(
    { weight: 6, arbitrary: events.map(asJson) },
    { weight: 1, arbitrary: fc.array(events, { maxLength: 3 }).map(asJson) },
    { weight: 1, arbitrary: fc.array(events, { maxLength: 3 }).map((some) => some.map(asJson).join('\n')) },
  ),
  words: [
    'Microsoft.ContainerRegistry.ImagePushed',
    'specversion',
    '1.0',
    'eventType',
    'data',
    'target',
    'digest',
    'sha256:',
    'timestamp',
    '2026-03-02T09:15:27Z',
    'connectedRegistry',
    'useragent',
  ],
  large: {
    'user agent': (length) =>
      asJson({
        eventType: 'Microsoft.ContainerRegistry.ImagePushed',
        data: { request: { useragent: '\u202e'.repeat(length) } },
      }),
    topic: (length) =>
      asJson({ eventType: 'Microsoft.ContainerRegistry.ImagePushed', topic: '/a'.repeat(length / 2) }),
    'data as text': (length) =>
      asJson({
        eventType: 'Microsoft.ContainerRegistry.ImagePushed',
        data: `{"a":${'['.repeat(length / 2)}`,
      }),
    fields: (length) => `{${Array.from({ length: length / 8 }, (_, at) => `"${at}":1`).join()}}`,
    brackets: (length) => '['.repeat(length),
    lines: (length) => '{}\n'.repeat(length / 3),
  },
  check(text) {
    const list = readEventList(text);
    if (list.outcome === 'unreadable') {
      hold(isClean(list.problem) && list.problem.length <= 256, 'a problem is no line');
      return refused('no list');
    }
    return list.events.map(checkEvent).at(-1) ?? refused('an empty list');
  },
};

function checkEvent(input: unknown): Answer {
  const reading = readRegistryEvent(input);
  holdBounded(reading, '', 40_000, 0);
  switch (reading.outcome) {
    case 'other-type':
      hold(isClean(reading.type), 'a type has what should not be in it');
      return refused('another type');
    case 'invalid':
      hold(reading.problems.length > 0, 'it is refused without a reason');
      hold(isClean(reading.id ?? ''), 'an id has what should not be in it');
      return refused(fieldsIn(reading.problems));
    case 'event':
      holdEvent(reading.event);
      return accepted(Object.keys(reading.event).join());
  }
}

function holdEvent(event: RegistryEvent): void {
  const { id, digest, repository, tag, occurredAt, size, notes, ...others } = event;
  hold(isClean(event), 'an event has what should not be in it');
  hold(parseDigest(digest) !== undefined && isRepositoryName(repository), 'its names are none');
  hold(tag === undefined || isTag(tag), 'its tag is none');
  hold(Number.isSafeInteger(occurredAt) && occurredAt >= 0, 'its time is none');
  hold(id.length >= 1 && id.length <= 100, 'its id is none');
  hold(/^[A-Za-z0-9._=-]+$/.test(recordIdOf(id)), 'its id makes no key');
  hold(size === undefined || (Number.isSafeInteger(size) && size >= 0), 'its size is none');
  const accepts = acceptedRegistry(event, audited);
  const registry = accepts && historyRegistry(event, accepts);
  hold(
    registry === undefined || /^(?:[a-z0-9-]+\.)?contoso\.azurecr\.io$/.test(registry),
    'its registry is another',
  );
  for (const isCloud of [true, false]) {
    const again = readRegistryEvent(writtenAs(event, isCloud));
    hold(again.outcome === 'event', 'written down again, it is none');
    const same = { ...again.event, notes };
    hold(
      JSON.stringify(ordered(same)) ===
        JSON.stringify(
          ordered({
            id,
            digest,
            repository,
            ...others,
            occurredAt,
            notes,
            ...(tag === undefined ? {} : { tag }),
            ...(size === undefined ? {} : { size }),
          }),
        ),
      'written down again, it is another',
    );
  }
}

function ordered(record: object): readonly unknown[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

const typeOf = {
  push: 'ImagePushed',
  delete: 'ImageDeleted',
  chart_push: 'ChartPushed',
  chart_delete: 'ChartDeleted',
};

function writtenAs(event: RegistryEvent, isCloud: boolean): unknown {
  const topic = event.resourceId;
  const type = `Microsoft.ContainerRegistry.${typeOf[event.action]}`;
  const data = {
    id: event.dataId,
    timestamp: new Date(event.occurredAt).toISOString(),
    location: event.location,
    target: {
      mediaType: event.mediaType,
      size: event.size,
      length: event.length,
      digest: event.digest,
      repository: event.repository,
      tag: event.tag,
      ...event.chart,
    },
    request: {
      id: event.request?.id,
      host: event.request?.host,
      method: event.request?.method,
      useragent: event.client.userAgent,
      addr: event.client.address,
    },
    actor: { name: event.client.actor },
    ...(event.connectedRegistry === undefined
      ? {}
      : { connectedRegistry: { name: event.connectedRegistry } }),
  };
  return isCloud
    ? {
        specversion: '1.0',
        id: event.id,
        source: topic,
        type,
        time: data.timestamp,
        dataschema: event.dataVersion,
        data,
      }
    : {
        id: event.id,
        topic,
        eventType: type,
        eventTime: data.timestamp,
        dataVersion: event.dataVersion,
        data: jsonOf(asJson(data))?.value,
      };
}
