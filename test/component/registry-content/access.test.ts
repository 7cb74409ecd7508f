import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { registryContent } from '../../../src/acr/registry-content.ts';
import { parseDigest } from '../../../src/registry/digest.ts';
import { accessTo, aFault, anonymousAccessTo, credential, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { pushImage } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';
import { type ScriptedRegistry, startScriptedRegistry, tagJson } from './scripted-registry.ts';

const repository = 'team/app';

const allButDate = [
  ...(['nextTick', 'queueMicrotask', 'hrtime', 'performance', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];

describe('when an identity may not read everything', () => {
  let registry: TestRegistry;
  let digest: string;

  beforeAll(async () => {
    registry = await openTestRegistry({
      identities: {
        puller: { password: 'unused', actions: ['pull'] },
        lister: { password: 'unused', actions: ['metadata_read'] },
      },
    });
    digest = await pushImage(registry, repository, 'v1');
  });
  afterAll(() => registry.dispose());

  it('fails without metadata_read, and never tells of nothing instead', async () => {
    const { content, waits } = accessTo(registry, { credential: credential('puller') });
    const refused = aFault('registry-401', false);
    await expect(gathered(content.tags(repository))).rejects.toMatchObject({
      ...refused,
      message: `${registry.loginServer} answered 401 UNAUTHORIZED when asked to list the tags of team/app`,
    });
    await expect(gathered(content.manifests(repository))).rejects.toMatchObject(refused);
    await expect(gathered(content.repositories())).rejects.toMatchObject(refused);
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(refused);
    await expect(content.tag(repository, 'absent')).rejects.toMatchObject(refused);
    await expect(content.tag('team/absent', 'v1')).rejects.toMatchObject(refused);
    await expect(content.manifest(repository, digestOf('absent'))).rejects.toMatchObject(refused);
    expect(waits).toEqual([]);
  });

  it('reads documents with pull alone, and lists with metadata_read alone', async () => {
    const known = parseDigest(digest) ?? digestOf('none');
    const puller = accessTo(registry, { credential: credential('puller') }).content;
    const lister = accessTo(registry, { credential: credential('lister') }).content;
    expect(await puller.document(repository, known)).toMatchObject({ kind: 'image' });
    expect(await gathered(lister.manifests(repository))).toHaveLength(1);
    await expect(lister.document(repository, known)).rejects.toMatchObject(aFault('registry-401', false));
  });

  it('is refused as nobody', async () => {
    const content = anonymousAccessTo(registry);
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-401', false));
    await expect(content.document(repository, digestOf('any'))).rejects.toMatchObject(
      aFault('registry-401', false),
    );
  });

  it('goes on with a new token when the old one has run out', async () => {
    const brief = await openTestRegistry({ tokenLifetimeSeconds: 60 });
    // The clock alone stands still: however slow the machine, no token runs out before it is to.
    jest.useFakeTimers({ now: Date.now(), doNotFake: allButDate });
    try {
      await pushImage(brief, repository, 'v1');
      const { content } = accessTo(brief);
      const scope = 'repository:team/app:metadata_read';
      const { json } = await brief.call('GET', `/oauth2/token?service=${brief.loginServer}&scope=${scope}`);
      const { access_token: token } = z.object({ access_token: z.string() }).parse(json);
      const ask = () => brief.call('GET', '/acr/v1/team/app/_tags', { as: { token } });
      const first = await content.tag(repository, 'v1');
      expect(await ask()).toMatchObject({ status: 200 });

      jest.setSystemTime(Date.now() + 120_000);
      expect(await ask()).toMatchObject({ status: 401 });
      expect(await content.tag(repository, 'v1')).toEqual(first);
    } finally {
      jest.useRealTimers();
      await brief.dispose();
    }
  });

  it.each([
    ['Microsoft Entra refuses', { statusCode: 401 }, false],
    ['Microsoft Entra is busy', { statusCode: 429 }, true],
    ['Microsoft Entra fails', { statusCode: 503 }, true],
    ['the identity endpoint cannot be asked', {}, true],
  ])('fails when %s', async (_, properties, retryable) => {
    let asked = 0;
    const failing = {
      getToken() {
        asked += 1;
        return Promise.reject(Object.assign(new Error('no token'), properties));
      },
    };
    const { content, waits } = accessTo(registry, { credential: failing });
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(
      aFault('registry-credential', retryable),
    );
    expect(asked).toBe(1);
    expect(waits).toEqual([]);
  });

  it('gives up on a credential that is silent', async () => {
    const silent = { getToken: () => new Promise<null>(() => undefined) };
    const { content } = accessTo(registry, { credential: silent, timeoutMs: 50 });
    await expect(content.tag(repository, 'v1')).rejects.toMatchObject(aFault('registry-silent', true));
  });
});

describe('when anybody may pull', () => {
  it('reads everything without a credential', async () => {
    const registry = await openTestRegistry({ anonymousPull: true });
    try {
      const digest = parseDigest(await pushImage(registry, repository, 'v1')) ?? digestOf('none');
      const content = anonymousAccessTo(registry);
      expect(await gathered(content.repositories())).toEqual([repository]);
      expect((await gathered(content.tags(repository))).map(({ tag }) => tag)).toEqual(['v1']);
      expect(await content.document(repository, digest)).toMatchObject({ kind: 'image' });
    } finally {
      await registry.dispose();
    }
  });
});

describe('when tokens are asked for', () => {
  let registry: ScriptedRegistry;

  beforeAll(async () => {
    registry = await startScriptedRegistry();
  });
  afterAll(() => registry.close());

  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const refreshToken = `${base64({})}.${base64({ exp: Math.floor(Date.now() / 1_000) + 10_800 })}.signature`;

  /** Asks for a token of each repository, named in the token, and answers with the tag `v1`. */
  function guarded(busyTokens = 0): void {
    let busy = busyTokens;
    registry.answer(({ target, headers }) => {
      if (target.startsWith('/oauth2/') && busy > 0) {
        busy -= 1;
        return { status: 429, headers: { 'Retry-After': '3' } };
      }
      if (target.startsWith('/oauth2/exchange')) return { body: { refresh_token: refreshToken } };
      if (target.startsWith('/oauth2/token')) {
        const asked = registry.requests.filter(({ target: path }) => !path.startsWith('/oauth2/')).at(-1);
        return { body: { access_token: nameIn(asked?.target ?? '') } };
      }
      const name = nameIn(target);
      return headers.authorization === `Bearer ${name}`
        ? { body: { imageName: name.replace('%2F', '/'), tag: tagJson('v1') } }
        : {
            status: 401,
            headers: {
              'WWW-Authenticate': `Bearer realm="x",service="registry",scope="repository:${name}:metadata_read"`,
            },
          };
    });
  }

  const nameIn = (target: string) => /^\/acr\/v1\/([^/?]+)/.exec(target)?.[1] ?? '';
  const tokensAsked = () =>
    registry.requests.filter(({ target }) => target.startsWith('/oauth2/token')).length;

  it('asks once for each repository, whatever the order of reads', async () => {
    guarded();
    const { content } = accessTo(registry);
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['team/one', 'team/two', 'team/three']) await content.tag(name, 'v1');
    }
    expect(tokensAsked()).toBe(3);
    expect(registry.requests).toHaveLength(9 + 3 * 3);
  });

  it('waits when the endpoint is busy', async () => {
    guarded(2);
    const { content, waits } = accessTo(registry);
    expect(await content.tag(repository, 'v1')).toMatchObject({ tag: 'v1' });
    expect(waits).toEqual([3_000, 3_000]);
  });

  it('forgets the token of the repository that was not read for longest', async () => {
    guarded();
    const { content } = accessTo(registry);
    const names = Array.from({ length: 17 }, (_, index) => `team/app${index}`);
    for (const name of names) await content.tag(name, 'v1');
    expect(tokensAsked()).toBe(17);
    await content.tag('team/app16', 'v1');
    await content.tag('team/app1', 'v1');
    expect(tokensAsked()).toBe(17);
    await content.tag('team/app0', 'v1');
    expect(tokensAsked()).toBe(18);
  });

  it.each([
    ['no scope', 'Bearer realm="x",service="registry"'],
    ['no service', 'Bearer'],
  ])('cannot read a challenge with %s', async (_, challenge) => {
    registry.answer(() => ({ status: 401, headers: { 'WWW-Authenticate': challenge } }));
    await expect(accessTo(registry).content.tag(repository, 'v1')).rejects.toMatchObject(
      aFault('registry-unreadable', false),
    );
  });

  it.each([
    ['no JSON', { body: '{' }, aFault('registry-unreadable', false)],
    ['no token', { body: {} }, aFault('registry-unreadable', false)],
    ['no JWT', { body: { refresh_token: 'a.b' } }, aFault('registry-unreadable', false)],
    [
      'what looks like a tag',
      { body: { imageName: repository, tag: tagJson('v1') } },
      aFault('registry-unreadable', false),
    ],
    ['403', { status: 403, body: { errors: [{ code: 'DENIED' }] } }, aFault('registry-403', false)],
    [
      '404 as for a tag',
      { status: 404, body: { errors: [{ code: 'TAG_UNKNOWN' }] } },
      aFault('registry-404', false),
    ],
  ])('fails when the token endpoint answers %s', async (_, answer, fault) => {
    const challenge = 'Bearer realm="x",service="registry",scope="repository:team/app:metadata_read"';
    registry.answer(({ target }) =>
      target.startsWith('/oauth2/') ? answer : { status: 401, headers: { 'WWW-Authenticate': challenge } },
    );
    await expect(accessTo(registry).content.tag(repository, 'v1')).rejects.toMatchObject(fault);
  });
});

describe('when a registry is named', () => {
  it.each([
    'http://contoso.azurecr.io',
    'contoso.azurecr.io',
    'https://contoso.azurecr.io/v2',
    'https://user:password@contoso.azurecr.io',
    'https://contoso.azurecr.io?n=1',
    '',
  ])('refuses the address "%s"', (endpoint) => {
    expect(() => registryContent({ endpoint })).toThrow(TypeError);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses pages of %d', (pageSize) => {
    expect(() => registryContent({ endpoint: 'https://contoso.azurecr.io', pageSize })).toThrow(TypeError);
  });
});
