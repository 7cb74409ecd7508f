import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { accessTo, aFault, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { pushImage } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';
import { type ScriptedRegistry, startScriptedRegistry, tagJson } from './scripted-registry.ts';

const repository = 'team/app';

describe('when the registry is busy', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry();
    await pushImage(registry, repository, 'v1');
  });
  afterAll(() => registry.dispose());
  afterEach(() => {
    Object.assign(registry.faults, {
      throttled: false,
      unavailable: false,
      failureCount: null,
      failurePath: null,
    });
  });

  function busy(faults: Partial<TestRegistry['faults']>): void {
    Object.assign(registry.faults, { failurePath: '/acr/v1/', failureCount: null, ...faults });
  }

  it.each([
    ['a 429 without Retry-After', { throttled: true, retryAfterSeconds: null }, [1_000, 2_000]],
    ['a 429 with Retry-After', { throttled: true, retryAfterSeconds: 7 }, [7_000, 7_000]],
    ['a 503 without Retry-After', { unavailable: true, retryAfterSeconds: null }, [1_000, 2_000]],
    ['a 503 with Retry-After', { unavailable: true, retryAfterSeconds: 0 }, [0, 0]],
  ])('waits after %s and asks again', async (_, faults, expected) => {
    const { content, waits } = accessTo(registry);
    busy({ ...faults, failureCount: 2 });
    expect((await gathered(content.tags(repository))).map(({ tag }) => tag)).toEqual(['v1']);
    expect(waits).toEqual(expected);
  });

  it('asks for the same page again in the middle of a list', async () => {
    await pushImage(registry, 'team/pages', 'a');
    await pushImage(registry, 'team/pages', 'b');
    await pushImage(registry, 'team/pages', 'c');
    const { content, waits } = accessTo(registry, { pageSize: 1 });
    const seen: string[] = [];
    for await (const page of content.tags('team/pages')) {
      seen.push(...page.map(({ tag }) => tag));
      busy({ throttled: true, retryAfterSeconds: null, failureCount: 1 });
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(waits).toEqual([1_000, 1_000]);
  });

  it('has calls that begin meanwhile wait with the one that was told to, and not ask', async () => {
    const held: (() => void)[] = [];
    const waits: number[] = [];
    const { content } = accessTo(registry, {
      retry: {
        pause: (ms) => {
          waits.push(ms);
          return new Promise<void>((go) => {
            held.push(go);
          });
        },
      },
    });
    await content.tag(repository, 'v1');
    busy({ throttled: true, retryAfterSeconds: 7, failureCount: 1 });
    const first = content.tag(repository, 'v1');
    while (held.length === 0) await new Promise((go) => setImmediate(go));
    const second = content.tag(repository, 'v1');
    while (held.length === 1) await new Promise((go) => setImmediate(go));
    expect(waits[1]).toBeGreaterThan(6_000);
    for (const go of held) go();
    expect(await Promise.all([first, second])).toMatchObject([{ tag: 'v1' }, { tag: 'v1' }]);
    // It answers again: nobody waits any more.
    expect(await content.tag(repository, 'v1')).toMatchObject({ tag: 'v1' });
    expect(waits).toHaveLength(2);
  });

  it('does not ask at all while it was told to wait longer than a call may', async () => {
    const { content, waits } = accessTo(registry);
    await content.tag(repository, 'v1');
    busy({ throttled: true, retryAfterSeconds: 600, failureCount: 1 });
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-429', true));
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject({
      ...aFault('registry-429', true),
      message: expect.stringContaining('was not asked'),
    });
    expect(waits).toEqual([]);
  });

  it('gives up after five attempts, and says so in a fault that may be retried', async () => {
    const { content, waits } = accessTo(registry);
    busy({ throttled: true, retryAfterSeconds: null });
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject({
      ...aFault('registry-429', true),
      message: `${registry.loginServer} answered 429 TOOMANYREQUESTS when asked to read the tag team/app:v1`,
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('does not wait longer than a minute in all', async () => {
    const { content, waits } = accessTo(registry);
    busy({ throttled: true, retryAfterSeconds: 25 });
    await expect(gathered(content.repositories())).rejects.toMatchObject(aFault('registry-429', true));
    expect(waits).toEqual([25_000, 25_000]);
  });

  it('does not begin a wait that is too long', async () => {
    const { content, waits } = accessTo(registry);
    busy({ unavailable: true, retryAfterSeconds: 3_600 });
    await expect(gathered(content.manifests(repository))).rejects.toMatchObject(aFault('registry-503', true));
    expect(waits).toEqual([]);
  });

  it('spreads the waits of many instances, within the minute', async () => {
    const waits: number[] = [];
    const { content } = accessTo(registry, {
      retry: { pause: async (ms) => waits.push(ms), random: () => 0.999 },
    });
    busy({ throttled: true, retryAfterSeconds: 25 });
    await expect(gathered(content.repositories())).rejects.toMatchObject(aFault('registry-429', true));
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(25_000);
  });

  it('reads a slow registry', async () => {
    registry.faults.delayMilliseconds = 50;
    try {
      expect(await accessTo(registry).content.tag(repository, 'v1')).toMatchObject({ tag: 'v1' });
    } finally {
      registry.faults.delayMilliseconds = 0;
    }
  });

  it('gives a silent registry up without asking again', async () => {
    registry.faults.delayMilliseconds = 500;
    try {
      const { content, waits } = accessTo(registry, { timeoutMs: 1_000 });
      await expect(content.document(repository, digestOf('any'))).rejects.toMatchObject(
        aFault('registry-silent', true),
      );
      expect(waits).toEqual([]);
    } finally {
      registry.faults.delayMilliseconds = 0;
    }
  });
});

describe('when the connection fails', () => {
  let registry: ScriptedRegistry;

  beforeAll(async () => {
    registry = await startScriptedRegistry();
  });
  afterAll(() => registry.close());

  it.each(['silence', 'silence after the headers'] as const)('gives up on %s', async (answer) => {
    const { content, waits } = accessTo(registry, { timeoutMs: 1_000 });
    registry.answer(() => answer);
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-silent', true));
    await expect(gathered(content.repositories())).rejects.toMatchObject(aFault('registry-silent', true));
    expect(waits).toEqual([]);
    expect(registry.requests).toHaveLength(2);
  });

  it('gives up on a token endpoint that is silent', async () => {
    const challenge = `Bearer realm="${registry.url}/oauth2/token",service="registry",scope="repository:team/app:metadata_read"`;
    registry.answer(({ target }) =>
      target.startsWith('/oauth2/') ? 'silence' : { status: 401, headers: { 'WWW-Authenticate': challenge } },
    );
    const { content } = accessTo(registry, { timeoutMs: 1_000 });
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-silent', true));
    expect(registry.requests.map(({ target }) => target.replace(/\?.*/, ''))).toContain('/oauth2/exchange');
  });

  it('asks again when an answer breaks off', async () => {
    let answers = 0;
    registry.answer(() => {
      answers += 1;
      return answers < 3 ? 'broken off' : { body: { imageName: repository, tag: tagJson('v1') } };
    });
    const { content, waits } = accessTo(registry);
    expect(await content.tag(repository, 'v1')).toMatchObject({ tag: 'v1' });
    expect(waits).toEqual([1_000, 2_000]);
  });

  it.each([
    ['a date', new Date(Date.now() + 30_000).toUTCString(), { least: 20_000, most: 30_000 }],
    ['a date gone by', 'Fri, 02 Jan 2026 00:00:00 GMT', { least: 0, most: 0 }],
    ['what cannot be read', 'soon', { least: 1_000, most: 1_000 }],
    ['a negative number', '-5', { least: 0, most: 1_000 }],
  ])('understands a Retry-After that is %s', async (_, retryAfter, { least, most }) => {
    const { content, waits } = accessTo(registry, { retry: { attempts: 2 } });
    registry.answer(() => ({ status: 429, headers: { 'Retry-After': retryAfter } }));
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-429', true));
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(least);
    expect(waits[0]).toBeLessThanOrEqual(most);
  });

  it.each([
    [400, false],
    [403, false],
    [405, false],
    [408, true],
    [500, true],
    [502, true],
    [504, true],
  ])('tells whether a %i may be retried', async (status, retryable) => {
    registry.answer(() => ({ status, body: { errors: [{ code: 'DENIED', message: 'no' }] } }));
    const { content, waits } = accessTo(registry);
    await expect(gathered(content.tags(repository))).rejects.toMatchObject({
      ...aFault(`registry-${status}`, retryable),
      message: expect.stringContaining(`answered ${status} DENIED when asked to list the tags of team/app`),
    });
    expect(waits.length > 0).toBe(retryable);
  });

  it('does not follow a redirection to another host', async () => {
    registry.answer(() => ({
      status: 307,
      headers: { Location: 'https://registry.invalid/acr/v1/_catalog' },
    }));
    await expect(gathered(accessTo(registry).content.repositories())).rejects.toMatchObject(
      aFault('registry-307', false),
    );
  });

  it('says that nobody answers at the address', async () => {
    const gone = await startScriptedRegistry();
    await gone.close();
    const { content, waits } = accessTo(gone);
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-unreachable', true));
    expect(waits).toHaveLength(4);
  });

  it('does not talk to a registry whose certificate is not trusted', async () => {
    const other = await startScriptedRegistry();
    try {
      const { content } = accessTo({ url: registry.url, ca: other.ca });
      registry.answer(() => ({ body: { repositories: null } }));
      await expect(gathered(content.repositories())).rejects.toMatchObject(
        aFault('registry-unreachable', true),
      );
      expect(registry.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
