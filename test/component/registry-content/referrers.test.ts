import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseDigest } from '../../../src/registry/digest.ts';
import { accessTo, aFault, anonymousAccessTo, credential } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { mediaTypes, prepareImage, putManifest } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';
import { type ScriptedAnswer, type ScriptedRegistry, startScriptedRegistry } from './scripted-registry.ts';

const repository = 'team/app';
const subject = digestOf('subject');
const path = `/v2/${repository}/referrers/${subject}`;
const unreadable = aFault('registry-unreadable', false);

/** An index of referrers as a registry answers it. */
function listOf(manifests: unknown): { readonly body: object; readonly headers: Record<string, string> } {
  return {
    body: { schemaVersion: 2, mediaType: mediaTypes.index, manifests },
    headers: { 'Content-Type': mediaTypes.index },
  };
}

function descriptor(content: string, changes: object = {}): object {
  return { mediaType: mediaTypes.manifest, size: 7, digest: digestOf(content), ...changes };
}

describe('when a registry is asked for referrers', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry({
      anonymousPull: true,
      identities: {
        puller: { password: 'unused', actions: ['pull'] },
        lister: { password: 'unused', actions: ['metadata_read'] },
      },
    });
  });
  afterAll(() => registry.dispose());

  async function signedImage(name: string) {
    const image = await prepareImage(registry, name);
    await putManifest(registry, name, 'v1', image);
    const signature = await prepareImage(registry, name, {
      subject: image.descriptor,
      artifactType: 'application/vnd.example.signature',
    });
    await putManifest(registry, name, signature.descriptor.digest, signature);
    const of = (text: string) => parseDigest(text) ?? digestOf('none');
    return { image: of(image.descriptor.digest), signature: of(signature.descriptor.digest) };
  }

  it('needs the right to pull, and no other', async () => {
    const { image, signature } = await signedImage('team/rights');
    const expected = [{ digest: signature, artifactType: 'application/vnd.example.signature' }];
    const puller = accessTo(registry, { credential: credential('puller') }).content;
    expect(await puller.referrers('team/rights', image)).toEqual(expected);
    expect(await anonymousAccessTo(registry).referrers('team/rights', image)).toEqual(expected);
    const lister = accessTo(registry, { credential: credential('lister') }).content;
    await expect(lister.referrers('team/rights', image)).rejects.toMatchObject(aFault('registry-401', false));
  });

  it('reads documents and referrers in turn', async () => {
    const { image, signature } = await signedImage('team/turns');
    const { content } = accessTo(registry);
    for (let round = 0; round < 2; round += 1) {
      expect(await content.document('team/turns', signature)).toMatchObject({ subject: { digest: image } });
      expect(await content.referrers('team/turns', image)).toMatchObject([{ digest: signature }]);
      expect(await content.referrers('team/turns', signature)).toEqual([]);
    }
  });

  it('reads those of a manifest with a sha512 digest', async () => {
    const { content } = accessTo(registry);
    const sha512 = parseDigest(`sha512:${'a'.repeat(128)}`) ?? subject;
    expect(await content.referrers('team/rights', sha512)).toEqual([]);
  });

  it.each([
    ['a 429 without Retry-After', { throttled: true, retryAfterSeconds: null }, [1_000, 2_000]],
    ['a 503 with Retry-After', { unavailable: true, retryAfterSeconds: 7 }, [7_000, 7_000]],
  ])('waits after %s and asks again', async (_, faults, expected) => {
    const { content, waits } = accessTo(registry);
    Object.assign(registry.faults, { ...faults, failurePath: '/referrers/', failureCount: 2 });
    try {
      expect(await content.referrers('team/rights', subject)).toEqual([]);
      expect(waits).toEqual(expected);
    } finally {
      Object.assign(registry.faults, { throttled: false, unavailable: false, failureCount: null });
    }
  });
});

describe('when referrers are answered', () => {
  let registry: ScriptedRegistry;

  beforeAll(async () => {
    registry = await startScriptedRegistry();
  });
  afterAll(() => registry.close());

  function asking(answer: ScriptedAnswer | ((target: string) => ScriptedAnswer)) {
    registry.answer(({ target }) => (typeof answer === 'function' ? answer(target) : answer));
    return accessTo(registry).content.referrers(repository, subject);
  }

  it('asks as other clients do, for an index', async () => {
    await asking(listOf([]));
    expect(registry.requests).toMatchObject([
      { method: 'GET', target: path, headers: { accept: mediaTypes.index } },
    ]);
    expect(Object.keys(registry.requests[0]?.headers ?? {})).not.toContain('x-acr-audit-target');
  });

  it('follows pages to the end, through an empty one too', async () => {
    const pages = [[descriptor('one')], [], [descriptor('two', { artifactType: 'application/spdx+json' })]];
    const referrers = await asking((target) => {
      const page = Number(new URL(target, registry.url).searchParams.get('page'));
      const link = page < 2 ? { Link: `<${path}?n=1&page=${page + 1}>; rel="next"` } : {};
      const { body, headers } = listOf(pages[page]);
      return { body, headers: { ...headers, ...link } };
    });
    expect(referrers).toEqual([
      { digest: digestOf('one') },
      { digest: digestOf('two'), artifactType: 'application/spdx+json' },
    ]);
    expect(registry.requests.map(({ target }) => target)).toEqual([
      path,
      `${path}?n=1&page=1`,
      `${path}?n=1&page=2`,
    ]);
  });

  it.each([
    `https://registry.invalid${path}?page=1`,
    `//registry.invalid${path}?page=1`,
    `/\\registry.invalid${path}?page=1`,
    `/v2/team/other/referrers/${subject}?page=1`,
    `/v2/${repository}/referrers/${digestOf('other')}?page=1`,
    `/v2/${repository}/manifests/${subject}?page=1`,
    '/oauth2/token',
  ])('does not follow <%s>', async (target) => {
    const { body, headers } = listOf([descriptor('one')]);
    await expect(
      asking({ body, headers: { ...headers, Link: `<${target}>; rel="next"` } }),
    ).rejects.toMatchObject(unreadable);
    expect(registry.requests).toHaveLength(1);
  });

  it('stops at a page that was read before', async () => {
    const { body, headers } = listOf([descriptor('one')]);
    await expect(
      asking({ body, headers: { ...headers, Link: `<${path}?page=1>; rel="next"` } }),
    ).rejects.toMatchObject(aFault('registry-endless-list', false));
    expect(registry.requests).toHaveLength(2);
  });

  it('stops when there are more than anybody has', async () => {
    const many = Array.from({ length: 4_000 }, () => descriptor('again'));
    let page = 0;
    await expect(
      asking(() => {
        page += 1;
        const { body, headers } = listOf(many);
        return { body, headers: { ...headers, Link: `<${path}?page=${page}>; rel="next"` } };
      }),
    ).rejects.toMatchObject(aFault('registry-endless-list', false));
    expect(page).toBe(3);
  });

  it.each([
    ['manifests.1.digest', { digest: undefined }],
    ['manifests.1.digest', { digest: 'latest' }],
    ['manifests.1.digest', { digest: `sha256:${'A'.repeat(64)}` }],
    ['manifests.1.digest', { digest: 7 }],
    ['manifests.1.artifactType', { artifactType: {} }],
    ['manifests.1.artifactType', { artifactType: 1 }],
  ])('names %s of a referrer with %j', async (field, changes) => {
    await expect(
      asking(listOf([descriptor('one'), descriptor('two', changes), descriptor('three')])),
    ).rejects.toMatchObject({
      ...unreadable,
      message: expect.stringContaining(`list the referrers of team/app@${subject}: ${field} `),
    });
  });

  it('bounds artifact types, and makes them safe to show', async () => {
    const [long, odd] =
      (await asking(
        listOf([
          descriptor('one', { artifactType: 'x'.repeat(5_000) }),
          descriptor('two', { artifactType: 'a\nb\u202e' }),
        ]),
      )) ?? [];
    expect(long?.artifactType).toBe('x'.repeat(255));
    expect(odd?.artifactType).toBe('a\uFFFDb\uFFFD');
  });

  it('takes null for an empty list', async () => {
    expect(await asking(listOf(null))).toEqual([]);
  });

  it.each<[string, ScriptedAnswer]>([
    ['no JSON', { body: '{"manifests":[' }],
    ['nothing at all', { body: '' }],
    ['an array', { body: [] }],
    ['an object without the list', { body: {} }],
    ['an image', { body: { schemaVersion: 2, config: {}, layers: [] } }],
    ['another kind of list', listOf({ digest: subject })],
    ['a list of texts', listOf([subject])],
    ['a page of HTML', { body: '<html></html>', headers: { 'Content-Type': 'text/html' } }],
    ['a 204', { status: 204 }],
    ['more than an index may be long', { ...listOf([]), body: `{"manifests":[]}${' '.repeat(5_000_000)}` }],
  ])('refuses %s', async (_, answer) => {
    await expect(asking(answer)).rejects.toMatchObject(unreadable);
  });

  it.each<[string, ScriptedAnswer]>([
    ['without a body', { status: 404 }],
    [
      'of a web server',
      { status: 404, body: '404 page not found', headers: { 'Content-Type': 'text/plain' } },
    ],
    ['with a code of its own', { status: 404, body: { errors: [{ code: 'NOT_FOUND', message: 'no' }] } }],
  ])('says that there is no such API after a 404 %s', async (_, answer) => {
    expect(await asking(answer)).toBeUndefined();
    expect(registry.requests).toHaveLength(1);
  });

  it.each(['NAME_UNKNOWN', 'MANIFEST_UNKNOWN'])('finds none after a 404 with %s', async (code) => {
    expect(await asking({ status: 404, body: { errors: [{ code, message: 'no' }] } })).toEqual([]);
  });

  it.each([
    [400, 'UNSUPPORTED'],
    [403, 'DENIED'],
    [405, 'UNSUPPORTED'],
  ])('fails after a %i, which may mean anything', async (status, code) => {
    await expect(asking({ status, body: { errors: [{ code, message: 'no' }] } })).rejects.toMatchObject(
      aFault(`registry-${status}`, false),
    );
  });

  it.each([
    ['NAME_UNKNOWN', aFault('registry-changed', true)],
    ['NOT_FOUND', aFault('registry-404', false)],
  ])('never makes a part of a list, cut off by a 404 with %s, look whole', async (code, fault) => {
    const { body, headers } = listOf([descriptor('one')]);
    await expect(
      asking((target) =>
        target === path
          ? { body, headers: { ...headers, Link: `<${path}?page=1>; rel="next"` } }
          : { status: 404, body: { errors: [{ code, message: 'gone' }] } },
      ),
    ).rejects.toMatchObject(fault);
  });

  it('fails when it is the token endpoint that is not there', async () => {
    const challenge = 'Bearer realm="x",service="registry",scope="repository:team/app:pull"';
    await expect(
      asking((target) =>
        target.startsWith('/oauth2/')
          ? { status: 404 }
          : { status: 401, headers: { 'WWW-Authenticate': challenge } },
      ),
    ).rejects.toMatchObject(aFault('registry-404', false));
  });

  it('asks nothing of a repository whose name is none', async () => {
    registry.answer(() => listOf([]));
    const { content } = accessTo(registry);
    for (const name of ['', '..', 'team/app/manifests/x?', 'Team/App']) {
      await expect(content.referrers(name, subject)).rejects.toMatchObject(aFault('registry-name', false));
    }
    expect(registry.requests).toEqual([]);
  });
});
