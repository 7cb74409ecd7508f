import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { RegistryOptions } from '../../../local/acr/registry-server.ts';
import { openEventReceiver } from './event-receiver.ts';
import { digestOf, pushBlob, pushImage, setAttributes } from './image.ts';
import { type Answer, type CallOptions, openTestRegistry, type TestRegistry } from './test-registry.ts';

// What the real service was recorded to answer, in publicly available recordings kept beside the project.
const folder = join(process.cwd(), '..', 'shared', 'fixtures', 'acr');
const describeRecorded = existsSync(folder) ? describe : describe.skip;

const entry = z.object({
  method: z.string(),
  url: z.string(),
  requestContentType: z.string().optional(),
  requestBody: z.unknown().optional(),
  status: z.number(),
  responseHeaders: z.record(z.string(), z.string()).default({}),
  responseBody: z.unknown().optional(),
});
const recording = z.object({ entries: z.array(entry) });
type Entry = z.infer<typeof entry>;

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

const digestGrammar = /sha256(?::|%3A)[0-9a-f]{64}/g;

/** Replaces what belongs to one registry or one moment, and members the service answered only at times. */
function neutral(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(neutral);
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      // Since 2023 manifests carry configMediaType; quarantine is a feature of its own.
      .filter(([name]) => !['configMediaType', 'quarantineState', 'quarantineDetails'].includes(name))
      .map(([name, member]) => {
        const constant = ['architecture', 'imageSize', 'refresh_token', 'access_token'].includes(name);
        return [name, constant ? `<${typeof member}>` : neutral(member)] as const;
      });
    return Object.fromEntries(members);
  }
  return typeof value === 'string' ? neutralText(value) : value;
}

function neutralText(text: string): string {
  return text
    .replace(digestGrammar, '<digest>')
    .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/, '<time>')
    .replace(/myregistry(?:anon)?\.azurecr\.io|localhost:\d+/g, '<registry>');
}

function digestsIn(value: unknown): readonly string[] {
  return (
    JSON.stringify(value ?? null)
      .match(digestGrammar)
      ?.map(decodeURIComponent) ?? []
  );
}

describeRecorded('when the registry is in the situation of a recording', () => {
  let registry: TestRegistry;

  beforeEach(async () => {
    registry = await openTestRegistry();
  });
  afterEach(() => registry.dispose());

  async function reopen(options: Partial<RegistryOptions>): Promise<void> {
    await registry.dispose();
    registry = await openTestRegistry(options);
  }

  /** The credentials with which the recorded answer came about, where the recording leaves them out. */
  async function credentialsFor({ status, responseHeaders }: Entry): Promise<NonNullable<CallOptions['as']>> {
    if (status !== 401) {
      return 'admin';
    }
    if (!responseHeaders['WWW-Authenticate']?.includes('insufficient_scope')) {
      return 'none';
    }
    const { json } = await registry.call('GET', '/oauth2/token?scope=repository:some/other:pull');
    return { token: z.object({ access_token: z.string() }).parse(json).access_token };
  }

  function expectSame({ status, responseHeaders, responseBody }: Entry, answer: Answer): void {
    expect(answer.status).toBe(status);
    for (const [name, recorded] of Object.entries(responseHeaders)) {
      const received = answer.headers[name.toLowerCase()];
      const volatile = name.toLowerCase().startsWith('x-ms-ratelimit');
      expect([name, volatile ? Number(received) > 0 : neutralText(String(received))]).toEqual([
        name,
        volatile ? true : neutralText(recorded),
      ]);
    }
    if (responseBody === null) {
      expect(answer.bytes).toHaveLength(0);
    } else if (responseBody !== undefined) {
      expect(neutral(answer.json)).toEqual(neutral(responseBody));
    }
  }

  /** Sends the recorded requests with our digests and tokens in the place of the recorded ones. */
  async function replay(file: string, known: ReadonlyMap<string, string> = new Map()): Promise<void> {
    const digests = new Map(known);
    const tokens = { access: '', refresh: '' };
    for (const recorded of recording.parse(read(file)).entries) {
      const path = recorded.url.replace(digestGrammar, (text) =>
        encodeURIComponent(digests.get(decodeURIComponent(text)) ?? text),
      );
      const { requestBody } = recorded;
      let body = requestBody === undefined ? undefined : JSON.stringify(requestBody);
      if (typeof requestBody === 'string') {
        const form = new URLSearchParams(requestBody);
        form.set('service', registry.loginServer);
        if (form.get('refresh_token')) {
          form.set('refresh_token', tokens.refresh);
        }
        body = form.toString();
      }
      const as =
        tokens.access === '' || recorded.url.startsWith('/oauth2/')
          ? await credentialsFor(recorded)
          : { token: tokens.access };
      const answer = await registry.call(recorded.method, path, {
        as,
        ...(body === undefined ? {} : { body }),
        headers: { 'Content-Type': recorded.requestContentType ?? 'application/x-www-form-urlencoded' },
      });
      expectSame(recorded, answer);
      const ours = digestsIn([answer.json, answer.headers]);
      digestsIn([recorded.responseBody, recorded.responseHeaders]).forEach((digest, index) => {
        const counterpart = ours[index];
        if (counterpart !== undefined && !digests.has(digest)) {
          digests.set(digest, counterpart);
        }
      });
      const granted = z
        .object({ access_token: z.string(), refresh_token: z.string() })
        .partial()
        .safeParse(answer.json);
      tokens.access = granted.data?.access_token ?? tokens.access;
      tokens.refresh = granted.data?.refresh_token ?? tokens.refresh;
    }
  }

  const repository = 'library/hello-world';
  const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
  const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';

  /** Pushes a Docker manifest, the kind that was recorded. */
  async function pushDocker(reference: string | undefined, content: string): Promise<string> {
    const config = JSON.stringify({ architecture: 'arm', os: 'linux', content });
    await pushBlob(registry, repository, config);
    const text = JSON.stringify({
      schemaVersion: 2,
      mediaType: dockerManifest,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: [],
    });
    const answer = await registry.call('PUT', `/v2/${repository}/manifests/${reference ?? digestOf(text)}`, {
      headers: { 'Content-Type': dockerManifest },
      body: text,
    });
    expect(answer.status).toBe(201);
    return digestOf(text);
  }

  it('lists tags by pages alike', async () => {
    for (const tag of ['latest', 'test-delete', 'test1']) {
      await pushDocker(tag, 'same');
    }
    await replay('sdk-js-2023-list-tags-by-pages.json');
  });

  it('lists manifests by pages alike', async () => {
    for (const content of ['one', 'two', 'three']) {
      await pushDocker(undefined, content);
    }
    await replay('sdk-js-2023-list-manifests-by-pages.json');
  });

  it('deletes a tag alike', async () => {
    await pushDocker('test-delete', 'one');
    await replay('sdk-js-2023-delete-tag.json');
  });

  it('deletes an unknown repository and lists the catalog alike', async () => {
    await pushDocker('latest', 'one');
    await replay('sdk-js-2023-delete-repository-404-and-catalog.json');
  });

  it('deletes a repository and lists an empty catalog alike', async () => {
    for (let number = 0; number < 9; number += 1) {
      await pushDocker(undefined, `child ${number}`);
    }
    await pushDocker('latest', 'tagged');
    await replay('sdk-js-2021-delete-repository-202.json');
  });

  it('reads, is denied and then sets manifest properties alike', async () => {
    const digest = await pushDocker(undefined, 'one');
    const recorded = digestsIn(read('sdk-js-2023-set-manifest-properties.json'))[0] ?? '';
    await replay('sdk-js-2023-set-manifest-properties.json', new Map([[recorded, digest]]));
  });

  it('denies anonymous changes alike', async () => {
    await reopen({ anonymousPull: true });
    await pushDocker('latest', 'one');
    await replay('sdk-js-2023-anonymous-patch-denied.json');
  });

  it('answers for a tag and its index alike', async () => {
    const child = z.object({ architecture: z.string(), os: z.string() });
    const index = z.object({
      entries: z
        .array(
          z.object({
            responseBody: z.object({
              manifest: z.object({ tags: z.array(z.string()), references: z.array(child) }).optional(),
            }),
          }),
        )
        .transform((entries) => entries.flatMap(({ responseBody }) => responseBody.manifest ?? [])[0]),
    });
    const { entries: recorded } = index.parse(read('sdk-js-2023-tag-then-index-properties.json'));
    const text = JSON.stringify({
      schemaVersion: 2,
      mediaType: dockerList,
      manifests: recorded?.references.map((platform, number) => ({
        mediaType: dockerManifest,
        digest: digestOf(String(number)),
        size: 525,
        platform,
      })),
    });
    for (const tag of recorded?.tags ?? []) {
      await registry.call('PUT', `/v2/${repository}/manifests/${tag}`, {
        headers: { 'Content-Type': dockerList },
        body: text,
      });
    }
    await replay('sdk-js-2023-tag-then-index-properties.json');
  });

  it('lists deleted repositories alike', async () => {
    await reopen({ softDelete: true });
    for (const name of ['testrepo1', 'testrepo2']) {
      await pushImage(registry, name, 'v1');
      await registry.call('DELETE', `/acr/v1/${name}`);
    }
    const recorded = entry.parse(read('az-cli-deleted-catalog-fixture.json'));
    expectSame(recorded, await registry.call(recorded.method, recorded.url));
  });

  it('answers errors alike', async () => {
    const error = z.object({ status: z.number(), body: z.unknown() });
    const errors = z
      .object({
        locked_405: error,
        manifest_404: error,
        tag_404: error,
        repository_404: error,
        unauthorized_401: error,
      })
      .parse(read('errors.json'));
    const [locked, manifest] = ['library/locked', 'msi-connector-svc.deployer.ev2'];
    for (const name of [locked, manifest, repository]) {
      await pushImage(registry, name, 'v1');
    }
    await setAttributes(registry, `${locked}/_tags/v1`, { writeEnabled: false });
    const missing = digestsIn(errors.manifest_404)[0];
    const answers: readonly (readonly [Answer, z.infer<typeof error>])[] = [
      [await registry.call('DELETE', `/acr/v1/${locked}/_tags/v1`), errors.locked_405],
      [await registry.call('GET', `/v2/${manifest}/manifests/${missing}`), errors.manifest_404],
      [await registry.call('GET', `/acr/v1/${repository}/_tags/absent`), errors.tag_404],
      [await registry.call('DELETE', '/acr/v1/library/busybox'), errors.repository_404],
      [
        await registry.call('PATCH', `/acr/v1/${repository}`, { as: 'none', body: '{}' }),
        errors.unauthorized_401,
      ],
    ];
    for (const [answer, recorded] of answers) {
      expect({ status: answer.status, body: answer.json }).toEqual({
        status: recorded.status,
        body: recorded.body,
      });
    }
  });

  it('sends events of the documented and recorded shapes', async () => {
    const record = z.record(z.string(), z.unknown());
    const documented = z
      .object({ eventGrid_dataVersion1: z.array(record), eventGrid_dataVersion2: z.array(record) })
      .parse(read('events-docs-examples.json'));
    const captured = z
      .object({ eventGridSchema: z.array(record), cloudEventSchema: z.array(record) })
      .parse(read('events-2020-real-string-data.json'));

    /** The names of all members, with those that later or special registries alone have left out. */
    function shapeOf(value: unknown, text = true): unknown {
      if (typeof value === 'string' && value.startsWith('{') && text) {
        return { text: shapeOf(JSON.parse(value)) };
      }
      if (typeof value !== 'object' || value === null) {
        return typeof value;
      }
      const members = Object.entries(value).filter(
        ([name]) => !['location', 'connectedRegistry'].includes(name),
      );
      return Object.fromEntries(members.map(([name, member]) => [name, shapeOf(member)]));
    }

    const receiver = await openEventReceiver();
    try {
      const digest = await pushImage(registry, repository, 'before');
      await registry.events.subscribe(receiver.endpoint);
      await pushImage(registry, repository, 'v1');
      await registry.call('DELETE', `/v2/${repository}/manifests/${digest}`);
      await registry.events.settled();
      registry.faults.eventStringData = true;
      await pushImage(registry, repository, 'v2');
      await registry.events.settled();
      await registry.events.subscribe(receiver.endpoint, 'cloudevents');
      await pushImage(registry, repository, 'v3');
      await registry.events.settled();
      expect(receiver.deliveries.map(({ event }) => shapeOf(event))).toEqual(
        [
          documented.eventGrid_dataVersion2[0],
          documented.eventGrid_dataVersion1[1],
          captured.eventGridSchema[0],
          captured.cloudEventSchema[0],
        ].map((event) => shapeOf(event)),
      );
    } finally {
      await receiver.close();
    }
  });
});
