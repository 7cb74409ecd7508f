import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readRegistryEvent } from '../../../src/registry/registry-event.ts';
import { imagePushed } from '../../builders/registry-event.ts';

const folder = join(process.cwd(), '..', 'shared', 'fixtures', 'acr');
const files = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.startsWith('events-') && name.endsWith('.json'))
  : [];
const describeRecorded = files.length > 0 ? describe : describe.skip;

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every event in a file of recorded ones: each array of the outermost object holds events. */
function eventsIn(file: string): [string, Json][] {
  const content: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return Object.entries(isJson(content) ? content : {}).flatMap(([name, events]) =>
    Array.isArray(events)
      ? events.filter(isJson).map((event, index): [string, Json] => [`${file} ${name}[${index}]`, event])
      : [],
  );
}

function chartsIn(file: string): [string, Json][] {
  const content: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const charts = isJson(content) && isJson(content['chartData']) ? content['chartData'] : {};
  return Object.entries(charts).flatMap(([name, data]) => (isJson(data) ? [[`${file} ${name}`, data]] : []));
}

function dataOf(event: Json): Json {
  const data: unknown = typeof event['data'] === 'string' ? JSON.parse(event['data']) : event['data'];
  return isJson(data) ? data : {};
}

describeRecorded('readRegistryEvent, of recorded and documented events', () => {
  // it.each refuses an empty table even inside describe.skip.
  const events: [string, Json][] = files.length > 0 ? files.flatMap(eventsIn) : [['none', {}]];
  const charts: [string, Json][] = files.length > 0 ? files.flatMap(chartsIn) : [['none', {}]];

  it.each(events)('when the event is %s, reads it whole and without repair', (_, raw) => {
    const data = dataOf(raw);
    const { target, request, location } = data;
    const reading = readRegistryEvent(raw);
    expect(reading).toMatchObject({
      outcome: 'event',
      event: {
        id: raw['id'],
        dataId: data['id'],
        action: data['action'],
        ...(isJson(target) && { ...target }),
        ...(location === undefined ? {} : { location }),
        client: isJson(request) ? { userAgent: request['useragent'] } : {},
        notes: [],
      },
    });
    const { event } = reading as Extract<typeof reading, { outcome: 'event' }>;
    expect(new Date(event.occurredAt).toISOString().slice(0, 23)).toBe(
      String(data['timestamp']).slice(0, 23),
    );
    const source = String(raw['topic'] ?? raw['source']).toLowerCase();
    expect(source.startsWith(event.resourceId)).toBe(true);
    expect(event.resourceId.endsWith(`/registries/${event.registryName}`)).toBe(true);
    expect(event.connectedRegistry).toBe(
      source.split('/connectedregistries/')[1] ?? (data['connectedRegistry'] ? 'edge1' : undefined),
    );
  });

  it.each(charts)('when the chart event is %s, finds nothing wrong but its redacted digest', (name, data) => {
    const reading = readRegistryEvent({
      ...imagePushed(),
      eventType: `Microsoft.ContainerRegistry.${name.endsWith('push') ? 'ChartPushed' : 'ChartDeleted'}`,
      data,
    });
    expect(reading).toMatchObject({
      outcome: 'invalid',
      problems: [{ field: 'data.target.digest', problem: expect.stringContaining('sha256:xxxx') }],
    });
  });
});
