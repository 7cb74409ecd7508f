import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registryLocks } from '../../../src/acr/registry-locks.ts';
import { locked, manifestTarget, tagTarget } from '../../../src/protection/lock-target.ts';
import { aFault, credential, locksOf } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  manifestJson,
  type ScriptedAnswer,
  type ScriptedRegistry,
  startScriptedRegistry,
  tagJson,
} from '../registry-content/scripted-registry.ts';

const repository = 'team/app';
const digest = digestOf('image');
const manifest = manifestTarget(digest);
const tag = tagTarget('v1');
const tagAnswer = { body: { imageName: repository, tag: tagJson('v1') } };
const manifestAnswer = { body: { imageName: repository, manifest: manifestJson({ digest }) } };

let registry: ScriptedRegistry;

beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry.close());

describe('when a lock is sent', () => {
  it.each([
    ['manifest', manifest, manifestAnswer, `_manifests/${encodeURIComponent(digest)}`],
    ['tag', tag, tagAnswer, '_tags/v1'],
  ])(
    'changes two attributes of one %s, and asks nothing before or after',
    async (_, target, answer, path) => {
      registry.answer(() => answer);
      const { locks } = locksOf(registry);
      expect(await locks.set(repository, target, { canDelete: false, canWrite: true })).toBe('set');
      const [{ method, target: sentTo, body } = { method: '', target: '', body: '{}' }, ...more] =
        registry.requests;
      expect(more).toEqual([]);
      expect(method).toBe('PATCH');
      expect(sentTo.replace(/\?api-version=[\d-]+$/, '')).toBe(`/acr/v1/team%2Fapp/${path}`);
      expect(JSON.parse(body)).toEqual({ deleteEnabled: false, writeEnabled: true });
    },
  );

  it('sends nothing but two attributes, whatever comes along', async () => {
    registry.answer(() => tagAnswer);
    const everything = { canDelete: false, canWrite: false, canRead: false, canList: false };
    await locksOf(registry).locks.set(repository, tag, everything);
    expect(registry.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { deleteEnabled: false, writeEnabled: false },
    ]);
  });

  it.each(['{"kind":"tag","tag":""}', '{"kind":"manifest","digest":""}', '{"kind":"tag"}', '{}'])(
    'sends nothing at all for the target %s (F13)',
    async (stored) => {
      registry.answer(() => tagAnswer);
      const { locks } = locksOf(registry);
      await expect(locks.set(repository, JSON.parse(stored), locked)).rejects.toBeInstanceOf(TypeError);
      expect(registry.requests).toEqual([]);
    },
  );

  it.each(['', '..', 'Team/App', 'team/app/_tags/v1?'])(
    'sends nothing for the repository "%s"',
    async (name) => {
      registry.answer(() => tagAnswer);
      const { locks } = locksOf(registry);
      await expect(locks.set(name, tag, locked)).rejects.toMatchObject(aFault('registry-name', false));
      expect(registry.requests).toEqual([]);
    },
  );

  it.each(['http://contoso.azurecr.io', 'contoso.azurecr.io', 'https://contoso.azurecr.io/v2'])(
    'refuses the address "%s"',
    (endpoint) => {
      expect(() => registryLocks({ endpoint, credential: credential() })).toThrow(TypeError);
    },
  );
});

describe('when a lock is answered', () => {
  function setting(answer: ScriptedAnswer | (() => ScriptedAnswer), timeoutMs = 30_000) {
    registry.answer(() => (typeof answer === 'function' ? answer() : answer));
    const { locks, waits } = locksOf(registry, { timeoutMs });
    return { outcome: locks.set(repository, tag, locked), waits };
  }

  it.each<[string, ScriptedAnswer]>([
    ['the attributes from before', tagAnswer],
    ['another tag', { body: { imageName: 'team/other', tag: tagJson('v2') } }],
    ['nothing', { body: '' }],
    ['no JSON', { body: '{' }],
    ['no object', { body: 'null' }],
    ['HTML', { body: '<html></html>', headers: { 'Content-Type': 'text/html' } }],
  ])('takes a 200 with %s for done: it is read back, never believed', async (_, answer) => {
    expect(await setting(answer).outcome).toBe('set');
  });

  it.each(['TAG_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])(
    'says that it is missing after a 404 with %s',
    async (code) => {
      const body = { errors: [{ code, message: 'no' }] };
      expect(await setting({ status: 404, body }).outcome).toBe('missing');
    },
  );

  it.each<[string, ScriptedAnswer]>([
    ['without a code', { status: 404 }],
    ['with another code', { status: 404, body: { errors: [{ code: 'NOT_FOUND' }] } }],
    ['of a web server', { status: 404, body: 'TAG_UNKNOWN', headers: { 'Content-Type': 'text/plain' } }],
  ])('never takes a 404 %s for missing', async (_, answer) => {
    await expect(setting(answer).outcome).rejects.toMatchObject(aFault('registry-404', false));
  });

  it.each([
    [400, false],
    [401, false],
    [403, false],
    [405, false],
    [409, false],
    [429, true],
    [500, true],
    [503, true],
  ])('tells whether a %i may be retried', async (status, retryable) => {
    const body = { errors: [{ code: 'REGISTRY_DISALLOWED_OPERATION', message: 'no' }] };
    const headers = { 'WWW-Authenticate': '' };
    const { outcome, waits } = setting({ status, body, headers });
    await expect(outcome).rejects.toMatchObject({
      ...aFault(`registry-${status}`, retryable),
      message: `${new URL(registry.url).host} answered ${status} REGISTRY_DISALLOWED_OPERATION when asked to set the lock of team/app:v1`,
    });
    expect(waits).toEqual(retryable ? [1_000, 2_000, 4_000, 8_000] : []);
  });

  it.each([
    ['without Retry-After', {}, [1_000, 2_000]],
    ['with Retry-After', { 'Retry-After': '7' }, [7_000, 7_000]],
  ])('sets it after two answers 429 %s', async (_, headers, expected) => {
    let asked = 0;
    const { outcome, waits } = setting(() => {
      asked += 1;
      return asked <= 2 ? { status: 429, headers: { ...headers } } : tagAnswer;
    });
    expect(await outcome).toBe('set');
    expect(waits).toEqual(expected);
    expect(new Set(registry.requests.map(({ body }) => body))).toEqual(
      new Set(['{"deleteEnabled":false,"writeEnabled":false}']),
    );
  });

  it('does not begin a wait that is too long', async () => {
    const { outcome, waits } = setting({ status: 429, headers: { 'Retry-After': '3600' } });
    await expect(outcome).rejects.toMatchObject(aFault('registry-429', true));
    expect(waits).toEqual([]);
  });

  it.each(['silence', 'silence after the headers'] as const)('gives up on %s, once', async (answer) => {
    const { outcome } = setting(answer, 1_500);
    await expect(outcome).rejects.toMatchObject(aFault('registry-silent', true));
    expect(registry.requests).toHaveLength(1);
  });

  it('asks again when the answer breaks off, since setting twice sets the same', async () => {
    let asked = 0;
    const { outcome } = setting(() => {
      asked += 1;
      return asked === 1 ? 'broken off' : tagAnswer;
    });
    expect(await outcome).toBe('set');
    expect(registry.requests).toHaveLength(2);
  });

  it.each<[string, ScriptedAnswer]>([
    ['no JSON', { body: '{' }],
    ['a tag', tagAnswer],
    ['404 as for a tag', { status: 404, body: { errors: [{ code: 'TAG_UNKNOWN' }] } }],
  ])('never takes a token endpoint that answers %s for the registry', async (_, answer) => {
    const challenge = 'Bearer realm="x",service="registry",scope="repository:team/app:metadata_write"';
    registry.answer(({ target }) =>
      target.startsWith('/oauth2/') ? answer : { status: 401, headers: { 'WWW-Authenticate': challenge } },
    );
    await expect(locksOf(registry).locks.set(repository, tag, locked)).rejects.toMatchObject({
      name: 'AuditFault',
      retryable: false,
    });
  });
});
