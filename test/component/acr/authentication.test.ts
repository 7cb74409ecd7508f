import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { pushImage } from './image.ts';
import { type Answer, basic, openTestRegistry, type TestRegistry } from './test-registry.ts';

const tokenAnswer = z.object({ access_token: z.string() });
const refreshAnswer = z.object({ refresh_token: z.string() });
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('when credentials are exchanged', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry({
      identities: {
        reader: { password: 'reads only', actions: ['pull', 'metadata_read'] },
        team: { password: 'of one team', actions: ['*'], repositories: ['team/app'] },
      },
    });
    await pushImage(registry, 'team/app', 'v1');
    await pushImage(registry, 'other', 'v1');
  });
  afterAll(() => registry.dispose());

  function challenge(rest: string): string {
    const host = registry.loginServer;
    return `Bearer realm="https://${host}/oauth2/token",service="${host}"${rest}`;
  }

  function post(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const body = new URLSearchParams(fields).toString();
    return registry.call('POST', path, { as: 'none', headers: form, body });
  }

  async function tokenOf(answer: Promise<Answer>): Promise<{ readonly token: string }> {
    return { token: tokenAnswer.parse((await answer).json).access_token };
  }

  async function refreshToken(accessToken = 'of a cloud'): Promise<string> {
    const answer = await post('/oauth2/exchange', {
      grant_type: 'access_token',
      service: registry.loginServer,
      tenant: '00000000-0000-0000-0000-000000000000',
      access_token: accessToken,
    });
    return refreshAnswer.parse(answer.json).refresh_token;
  }

  it.each([
    ['GET', '/v2/', ''],
    ['GET', '/v2/_catalog', ',scope="registry:catalog:*"'],
    ['GET', '/acr/v1/_catalog', ',scope="registry:catalog:*"'],
    ['GET', '/acr/v1/_deleted/_catalog', ',scope="registry:deleted_catalog:*"'],
    ['GET', '/acr/v1/team%2Fapp', ',scope="repository:team/app:metadata_read"'],
    ['PATCH', '/acr/v1/team/app/_tags/v1', ',scope="repository:team/app:metadata_write"'],
    ['DELETE', '/acr/v1/team/app/_tags/v1', ',scope="repository:team/app:delete"'],
    ['GET', '/acr/v1/_deleted/team/app/_tags', ',scope="repository:team/app:deleted_read"'],
    ['GET', '/v2/team/app/manifests/v1', ',scope="repository:team/app:pull"'],
    ['PUT', '/v2/team/app/manifests/v1', ',scope="repository:team/app:pull,push"'],
    ['POST', '/v2/team/app/blobs/uploads/', ',scope="repository:team/app:pull,push"'],
    ['GET', '/v2/team/app/tags/list', ',scope="repository:team/app:pull"'],
  ])('challenges %s %s without credentials for what it needs', async (method, path, scope) => {
    const answer = await registry.call(method, path, { as: 'none' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(challenge(scope));
    expect(answer.json).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  });

  it('lists each missing action in the detail', async () => {
    const answer = await registry.call('PUT', '/v2/team/app/manifests/v1', { as: 'none' });
    expect(answer.json).toMatchObject({
      errors: [
        {
          detail: [
            { Type: 'repository', Name: 'team/app', Action: 'pull' },
            { Type: 'repository', Name: 'team/app', Action: 'push' },
          ],
        },
      ],
    });
  });

  it('gives a token for a user name and password by GET, with several scopes', async () => {
    const path = `/oauth2/token?service=${registry.loginServer}&scope=repository:team/app:pull&scope=repository:other:pull`;
    const as = await tokenOf(registry.call('GET', path));
    expect((await registry.call('GET', '/v2/team/app/manifests/v1', { as })).status).toBe(200);
    expect((await registry.call('GET', '/v2/other/manifests/v1', { as })).status).toBe(200);
    expect((await registry.call('GET', '/v2/', { as })).status).toBe(200);
  });

  it('gives a token for a password by POST', async () => {
    const as = await tokenOf(
      post('/oauth2/token', {
        grant_type: 'password',
        service: registry.loginServer,
        username: registry.username,
        password: registry.password,
        scope: 'registry:catalog:*',
      }),
    );
    expect((await registry.call('GET', '/v2/_catalog', { as })).status).toBe(200);
  });

  it('gives a token for a refresh token, with or without a grant type', async () => {
    const refresh_token = await refreshToken();
    const scope = 'registry:catalog:* repository:*:*';
    for (const extra of [{ grant_type: 'refresh_token', client_id: 'skopeo' }, {}]) {
      const as = await tokenOf(
        post('/oauth2/token?api-version=2021-07-01', {
          ...extra,
          service: registry.loginServer,
          scope,
          refresh_token,
        }),
      );
      expect((await registry.call('GET', '/acr/v1/team/app/_tags/v1', { as })).status).toBe(200);
      expect((await registry.call('GET', '/acr/v1/_catalog', { as })).status).toBe(200);
    }
  });

  it('signs tokens with a known algorithm and an expiry', async () => {
    const refresh = await refreshToken();
    const { token } = await tokenOf(registry.call('GET', '/oauth2/token?scope=repository:other:pull'));
    for (const text of [refresh, token]) {
      expect(decodeProtectedHeader(text).alg).toBe('ES256');
      expect(decodeJwt(text).exp).toBeGreaterThan(Date.now() / 1000);
    }
    expect(decodeJwt(token)['access']).toEqual([{ type: 'repository', name: 'other', actions: ['pull'] }]);
    expect(decodeJwt(refresh)).not.toHaveProperty('aad_identity');
  });

  it('accepts a password on every request', async () => {
    expect((await registry.call('GET', '/acr/v1/team/app/_manifests')).status).toBe(200);
    expect((await registry.call('GET', '/v2/team/app/tags/list')).status).toBe(200);
  });

  it('accepts a token as the password of the null user', async () => {
    const as = { basic: basic('00000000-0000-0000-0000-000000000000', await refreshToken()) };
    expect((await registry.call('GET', '/v2/', { as })).status).toBe(200);
    const token = await tokenOf(registry.call('GET', '/oauth2/token?scope=repository:other:pull', { as }));
    expect((await registry.call('GET', '/v2/other/manifests/v1', { as: token })).status).toBe(200);
  });

  it('answers 401 with insufficient_scope when the token was asked for something else', async () => {
    const as = await tokenOf(registry.call('GET', '/oauth2/token?scope=repository:team/app:metadata_read'));
    const answer = await registry.call('PATCH', '/acr/v1/team/app', { as, body: '{}' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      challenge(',scope="repository:team/app:metadata_write",error="insufficient_scope"'),
    );
  });

  it('gives no more than the identity has', async () => {
    const path = '/oauth2/token?scope=repository:team/app:metadata_read,metadata_write';
    const as = await tokenOf(registry.call('GET', path, { as: { basic: basic('reader', 'reads only') } }));
    expect((await registry.call('GET', '/acr/v1/team/app', { as })).status).toBe(200);
    expect((await registry.call('PATCH', '/acr/v1/team/app', { as, body: '{}' })).status).toBe(401);
    const direct = { basic: basic('reader', 'reads only') };
    expect((await registry.call('PATCH', '/acr/v1/team/app', { as: direct, body: '{}' })).status).toBe(401);
    expect((await registry.call('GET', '/acr/v1/_catalog', { as: direct })).status).toBe(401);
  });

  it('keeps an identity to its repositories', async () => {
    const as = { basic: basic('team', 'of one team') };
    expect((await registry.call('GET', '/v2/team/app/manifests/v1', { as })).status).toBe(200);
    expect((await registry.call('GET', '/v2/other/manifests/v1', { as })).status).toBe(401);
    const token = await tokenOf(registry.call('GET', '/oauth2/token?scope=repository:*:*', { as }));
    expect((await registry.call('GET', '/v2/other/manifests/v1', { as: token })).status).toBe(401);
  });

  it.each([
    ['a wrong password', { basic: basic('local', 'wrong') }],
    ['an unknown user', { basic: basic('nobody', 'x') }],
    ['no colon', { basic: `Basic ${Buffer.from('local').toString('base64')}` }],
    ['another scheme', { basic: 'Digest username="local"' }],
    ['a malformed token', { token: 'a.b.c' }],
    [
      'an unsigned token',
      { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJsb2NhbCIsImdyYW50X3R5cGUiOiJhY2Nlc3NfdG9rZW4ifQ.' },
    ],
  ])('refuses %s', async (_, as) => {
    expect((await registry.call('GET', '/v2/', { as })).status).toBe(401);
  });

  it('refuses a refresh token where an access token belongs, and the other way round', async () => {
    const refresh = await refreshToken();
    expect((await registry.call('GET', '/v2/', { as: { token: refresh } })).status).toBe(401);
    const { token } = await tokenOf(registry.call('GET', '/oauth2/token?scope=repository:other:pull'));
    const answer = await post('/oauth2/token', { refresh_token: token, scope: 'repository:other:push' });
    expect(answer.status).toBe(401);
  });

  it.each([
    ['/oauth2/exchange', { grant_type: 'access_token', access_token: '' }, 401],
    ['/oauth2/exchange', { grant_type: 'password' }, 400],
    ['/oauth2/token', { grant_type: 'authorization_code' }, 400],
    ['/oauth2/token', { grant_type: 'password', username: 'local', password: 'wrong' }, 401],
    ['/oauth2/token', { grant_type: 'password', refresh_token: '' }, 401],
    ['/oauth2/token', {}, 401],
  ])('refuses %s with %j', async (path, fields, status) => {
    expect((await post(path, { ...fields })).status).toBe(status);
  });

  it('gives nobody a token unless anonymous pull is on', async () => {
    const path = '/oauth2/token?scope=repository:other:pull';
    expect((await registry.call('GET', path, { as: 'none' })).status).toBe(401);
  });

  it('keeps its credentials and tokens over a restart on the same port', async () => {
    const first = await openTestRegistry();
    const { token } = tokenAnswer
      .transform((answer) => ({ token: answer.access_token }))
      .parse((await first.call('GET', '/oauth2/token?scope=registry:catalog:*')).json);
    const second = await first.restart({ port: Number(new URL(first.url).port) });
    try {
      expect([second.username, second.password]).toEqual([first.username, first.password]);
      expect(second.ca).toBe(first.ca);
      expect((await second.call('GET', '/v2/_catalog', { as: { token } })).status).toBe(200);
    } finally {
      await second.dispose();
    }
  });

  it('refuses a token that has expired', async () => {
    const brief = await openTestRegistry({ tokenLifetimeSeconds: 0 });
    try {
      const answer = await brief.call('GET', '/oauth2/token?scope=registry:catalog:*');
      const { access_token: token } = tokenAnswer.parse(answer.json);
      const refused = await brief.call('GET', '/v2/_catalog', { as: { token } });
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
    } finally {
      await brief.dispose();
    }
  });
});

describe('when anonymous pull is on', () => {
  it('gives anybody a token that pulls and lists but changes nothing', async () => {
    const registry = await openTestRegistry({ anonymousPull: true });
    try {
      await pushImage(registry, 'open', 'v1');
      const path = '/oauth2/token?scope=repository:open:pull,push,metadata_read,metadata_write,delete';
      const answer = await registry.call('GET', path, { as: 'none' });
      const as = { token: tokenAnswer.parse(answer.json).access_token };
      expect((await registry.call('GET', '/v2/open/manifests/v1', { as })).status).toBe(200);
      expect((await registry.call('GET', '/acr/v1/open/_tags', { as })).status).toBe(200);
      expect((await registry.call('DELETE', '/acr/v1/open', { as })).status).toBe(401);
      expect((await registry.call('GET', '/v2/open/manifests/v1', { as: 'none' })).status).toBe(401);
    } finally {
      await registry.dispose();
    }
  });
});
