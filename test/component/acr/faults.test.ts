import { ContainerRegistryClient } from '@azure/container-registry';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareImage, pushImage, putManifest, sampleIndex } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

let registry: TestRegistry;

beforeEach(async () => {
  registry = await openTestRegistry();
  await pushImage(registry, 'team/app', 'v1');
});
afterEach(() => registry.dispose());

const names = async (path: string, member: string): Promise<unknown> => {
  const { json } = await registry.call('GET', path);
  return typeof json === 'object' && json !== null
    ? Object.entries(json).find(([name]) => name === member)?.[1]
    : json;
};

describe('when the registry throttles', () => {
  it('answers 429 with Retry-After', async () => {
    registry.faults.throttled = true;
    registry.faults.retryAfterSeconds = 7;
    const answer = await registry.call('GET', '/acr/v1/_catalog');
    expect(answer.status).toBe(429);
    expect(answer.headers).toMatchObject({
      'retry-after': '7',
      'x-ms-ratelimit-remaining-calls-per-second': '0',
    });
    expect(answer.json).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
  });

  it('answers 429 without Retry-After, which the SDK does not retry', async () => {
    registry.faults.throttled = true;
    registry.faults.retryAfterSeconds = null;
    expect((await registry.call('GET', '/acr/v1/_catalog')).headers).not.toHaveProperty('retry-after');
    registry.faults.failureCount = 1;
    const credential = {
      getToken: () => Promise.resolve({ token: 'any', expiresOnTimestamp: Date.now() + 3_600_000 }),
    };
    const client = new ContainerRegistryClient(registry.url, credential, {
      tlsOptions: { ca: registry.ca },
    });
    await expect(client.listRepositoryNames().next()).rejects.toMatchObject({ statusCode: 429 });
  });

  it('stops after the given number of requests', async () => {
    registry.faults.throttled = true;
    registry.faults.failureCount = 2;
    const statuses: number[] = [];
    for (let request = 0; request < 4; request += 1) {
      statuses.push((await registry.call('GET', '/v2/')).status);
    }
    expect(statuses).toEqual([429, 429, 200, 200]);
  });
});

describe('when the registry is unavailable', () => {
  it('answers 503, to the chosen paths alone', async () => {
    registry.faults.unavailable = true;
    registry.faults.retryAfterSeconds = null;
    registry.faults.failurePath = '/manifests/';
    expect((await registry.call('GET', '/v2/team/app/manifests/v1')).status).toBe(503);
    expect((await registry.call('GET', '/v2/team/app/tags/list')).status).toBe(200);
  });

  it('still gives tokens', async () => {
    registry.faults.unavailable = true;
    expect((await registry.call('GET', '/oauth2/token?scope=registry:catalog:*')).status).toBe(200);
  });
});

describe('when lists are stale', () => {
  it('answers them as they were, and single reads as they are', async () => {
    registry.faults.staleLists = true;
    const digest = await pushImage(registry, 'team/app', 'v2');
    await pushImage(registry, 'team/new', 'v1');
    expect(await names('/v2/team/app/tags/list', 'tags')).toEqual(['v1']);
    expect(await names('/acr/v1/team/app/_manifests', 'manifests')).toHaveLength(1);
    expect(await names('/acr/v1/_catalog', 'repositories')).toEqual(['team/app']);
    expect((await registry.call('GET', '/acr/v1/team/app/_tags/v2')).status).toBe(200);
    expect((await registry.call('GET', `/acr/v1/team/app/_manifests/${digest}`)).status).toBe(200);
    registry.faults.staleLists = false;
    expect(await names('/v2/team/app/tags/list', 'tags')).toEqual(['v1', 'v2']);
  });
});

describe('when manifests are listed in bulk', () => {
  it('leaves the references of an index empty unless told otherwise', async () => {
    const child = await prepareImage(registry, 'team/index');
    await putManifest(registry, 'team/index', child.descriptor.digest, child);
    const index = sampleIndex([{ ...child.descriptor, platform: { architecture: 'amd64', os: 'linux' } }]);
    await putManifest(registry, 'team/index', 'latest', index);
    const reference = { digest: child.descriptor.digest, architecture: 'amd64', os: 'linux' };
    const listed = async () =>
      (await registry.call('GET', '/acr/v1/team/index/_manifests?orderby=timedesc')).json;
    expect(await listed()).toMatchObject({ manifests: [{ references: [] }, {}] });
    const single = await registry.call('GET', `/acr/v1/team/index/_manifests/${index.descriptor.digest}`);
    expect(single.json).toMatchObject({ manifest: { references: [reference] } });
    registry.faults.emptyBulkReferences = false;
    expect(await listed()).toMatchObject({ manifests: [{ references: [reference] }, {}] });
  });
});

describe('when answers to writes are stale', () => {
  it.each(['_tags/v1', '_manifests/{digest}'])('changes %s, and answers as if it had not', async (item) => {
    const digest = await pushImage(registry, 'team/app', 'v1');
    const path = `/acr/v1/team/app/${item.replace('{digest}', digest)}`;
    const before = await registry.call('GET', path);
    registry.faults.staleWriteAnswers = true;
    const body = '{"deleteEnabled":false}';
    expect((await registry.call('PATCH', path, { body })).json).toEqual(before.json);
    const after = JSON.stringify(before.json).replace('"deleteEnabled":true', '"deleteEnabled":false');
    expect((await registry.call('GET', path)).json).toEqual(JSON.parse(after));
    registry.faults.staleWriteAnswers = false;
    expect((await registry.call('PATCH', path, { body })).json).toEqual(JSON.parse(after));
  });
});

describe('when there is no API for referrers', () => {
  it('answers 404 with a code that says nothing of content', async () => {
    const digest = await pushImage(registry, 'team/app', 'v1');
    registry.faults.referrers = false;
    const answer = await registry.call('GET', `/v2/team/app/referrers/${digest}`);
    expect(answer).toMatchObject({ status: 404, json: { errors: [{ code: 'NOT_FOUND' }] } });
    expect((await registry.call('GET', `/v2/team/app/manifests/${digest}`)).status).toBe(200);
  });
});

describe('when the switches are set over HTTP', () => {
  const put = (body: string) => registry.call('PUT', '/_standin/faults', { as: 'none', body });

  it('assigns the given ones and answers all', async () => {
    const answer = await put('{"throttled":true,"retryAfterSeconds":null}');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ ...registry.faults });
    expect(registry.faults).toMatchObject({ throttled: true, retryAfterSeconds: null, events: true });
    expect((await registry.call('GET', '/v2/')).status).toBe(429);
    expect((await registry.call('GET', '/_standin/faults', { as: 'none' })).json).toMatchObject({
      throttled: true,
    });
    await put('{"throttled":false}');
    expect((await registry.call('GET', '/v2/')).status).toBe(200);
  });

  it.each([
    '{"unknown":true}',
    '{"throttled":"yes"}',
    '{"eventDropProbability":2}',
    '{"delayMilliseconds":-1}',
    '[]',
    'null',
    'text',
    '{"__proto__":{"throttled":true}}',
  ])('refuses %s and changes nothing', async (body) => {
    const before = { ...registry.faults };
    const { status } = await put(body);
    expect([status === 200 ? { ...registry.faults } : 400]).toEqual([status === 200 ? before : status]);
    expect(registry.faults).toEqual(before);
  });

  it('answers slowly when told to', async () => {
    expect((await put('{"delayMilliseconds":1}')).status).toBe(200);
    expect((await registry.call('GET', '/v2/')).status).toBe(200);
  });
});
