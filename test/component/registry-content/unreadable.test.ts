import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditFault } from '../../../src/audit/fault.ts';
import type { RegistryContent } from '../../../src/audit/registry-content.ts';
import { accessTo, aFault, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  changeableAttributes,
  manifestJson,
  type ScriptedAnswer,
  type ScriptedRegistry,
  startScriptedRegistry,
  tagJson,
} from './scripted-registry.ts';

let registry: ScriptedRegistry;
let content: RegistryContent;

beforeAll(async () => {
  registry = await startScriptedRegistry();
  content = accessTo(registry).content;
});
afterAll(() => registry.close());

const repository = 'team/app';
const listed = (list: object) => ({ registry: 'contoso.azurecr.io', imageName: repository, ...list });

/** The fault that a reading ends with. */
function faultOf(reading: Promise<unknown>): Promise<AuditFault> {
  return reading.then(
    (value) => Promise.reject(new Error(`It was read as ${JSON.stringify(value)}`)),
    (fault: AuditFault) => fault,
  );
}

function always(answer: ScriptedAnswer): void {
  registry.answer(() => answer);
}

const unreadable = aFault('registry-unreadable', false);

describe('when a list holds an item that cannot be read', () => {
  it.each([
    ['tags.1.name', { name: '-dash' }],
    ['tags.1.name', { name: 42 }],
    ['tags.1.name', { name: '' }],
    ['tags.1.digest', { digest: `sha256:${'A'.repeat(64)}` }],
    ['tags.1.digest', { digest: 'latest' }],
    ['tags.1.digest', { digest: null }],
    ['tags.1.createdTime', { createdTime: 'yesterday' }],
    ['tags.1.createdTime', { createdTime: 1_777_730_400 }],
    ['tags.1.lastUpdateTime', { lastUpdateTime: '2026-02-30T00:00:00Z' }],
    ['tags.1.changeableAttributes', { changeableAttributes: undefined }],
    ['tags.1.changeableAttributes', { changeableAttributes: 'all' }],
    [
      'tags.1.changeableAttributes.deleteEnabled',
      { changeableAttributes: { ...changeableAttributes, deleteEnabled: 'false' } },
    ],
    [
      'tags.1.changeableAttributes.writeEnabled',
      { changeableAttributes: { ...changeableAttributes, writeEnabled: undefined } },
    ],
  ])('names %s of a tag with %j', async (field, changes) => {
    always({ body: listed({ tags: [tagJson('v1'), tagJson('v2', changes), tagJson('v3')] }) });
    const fault = await faultOf(gathered(content.tags(repository)));
    expect(fault).toMatchObject(unreadable);
    expect(fault.message).toContain(`list the tags of team/app: ${field} `);
    expect(fault.message).toContain(new URL(registry.url).host);
  });

  it.each([
    ['manifests.0.digest', { digest: 42 }],
    ['manifests.0.imageSize', { imageSize: -1 }],
    ['manifests.0.imageSize', { imageSize: 'big' }],
    ['manifests.0.mediaType', { mediaType: ['text/plain'] }],
    ['manifests.0.architecture', { architecture: {} }],
    ['manifests.0.createdTime', { createdTime: undefined }],
  ])('names %s of a manifest with %j', async (field, changes) => {
    always({ body: listed({ manifests: [manifestJson(changes)] }) });
    const fault = await faultOf(gathered(content.manifests(repository)));
    expect(fault).toMatchObject(unreadable);
    expect(fault.message).toContain(`list the manifests of team/app: ${field} `);
  });

  it.each([['Team/App'], ['../etc'], [7], [null], [['team/app']]])('names a repository %j', async (name) => {
    always({ body: { repositories: ['team/one', name] } });
    const fault = await faultOf(gathered(content.repositories()));
    expect(fault).toMatchObject(unreadable);
    expect(fault.message).toContain('repositories.1 ');
  });

  it('names a few of many problems, and none at length', async () => {
    const bad = Array.from({ length: 1_000 }, () => tagJson('x'.repeat(5_000)));
    always({ body: listed({ tags: bad }) });
    const { message } = await faultOf(gathered(content.tags(repository)));
    expect(message).toContain('tags.2.name');
    expect(message).not.toContain('tags.3.name');
    expect(message.length).toBeLessThan(1_500);
  });

  it('keeps control characters of the registry out of the message', async () => {
    always({ body: listed({ tags: [tagJson('v1\nfault: none \u202e')] }) });
    expect((await faultOf(gathered(content.tags(repository)))).message).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});

describe('when an answer is no list', () => {
  it.each<[string, ScriptedAnswer]>([
    ['no JSON', { body: '{"tags":[' }],
    ['nothing at all', { body: '' }],
    ['null', { body: 'null' }],
    ['an array', { body: [] }],
    ['a text', { body: '"tags"' }],
    ['a page of HTML', { body: '<html></html>', headers: { 'Content-Type': 'text/html' } }],
    ['an object without the list or its owner', { body: {} }],
    ['another kind of list', { body: listed({ tags: { v1: tagJson('v1') } }) }],
    ['a list of texts', { body: listed({ tags: ['v1'] }) }],
    ['the list of another repository', { body: { imageName: 'team/other', tags: [tagJson('v1')] } }],
    ['an empty list of another repository', { body: { imageName: 'team/other', tags: null } }],
    ['a 204', { status: 204 }],
    ['a prototype', { body: '{"__proto__":{"imageName":"team/app","tags":[]}}' }],
  ])('refuses %s as tags', async (_, answer) => {
    always(answer);
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(unreadable);
  });

  it.each<[string, ScriptedAnswer]>([
    ['an object without repositories', { body: {} }],
    ['repositories as a text', { body: { repositories: 'team/app' } }],
    ['repositories as an object', { body: { repositories: { 0: 'team/app' } } }],
  ])('refuses %s as catalog', async (_, answer) => {
    always(answer);
    expect(await faultOf(gathered(content.repositories()))).toMatchObject(unreadable);
  });

  it('refuses a page longer than it reads, without reading it to the end', async () => {
    always({ body: listed({ tags: [], padding: 'x'.repeat(40 * 1024 * 1024) }) });
    const fault = await faultOf(gathered(content.tags(repository)));
    expect(fault).toMatchObject(unreadable);
    expect(fault.message).toContain('at more length than is read');
  });

  it('refuses a short page that grows long as it is decompressed', async () => {
    const body = gzipSync(JSON.stringify(listed({ tags: [], padding: 'x'.repeat(40 * 1024 * 1024) })));
    expect(body.length).toBeLessThan(100_000);
    always({ body, headers: { 'Content-Encoding': 'gzip' } });
    const fault = await faultOf(gathered(content.tags(repository)));
    expect(fault.message).toContain('at more length than is read');
    always({
      body: gzipSync(JSON.stringify(listed({ tags: [tagJson('v1')] }))),
      headers: { 'Content-Encoding': 'gzip' },
    });
    expect(await gathered(content.tags(repository))).toHaveLength(1);
  });

  it('takes null, and an absent list of the right repository, for an empty one', async () => {
    always({ body: { repositories: null } });
    expect(await gathered(content.repositories())).toEqual([]);
    always({ body: listed({ tags: null }) });
    expect(await gathered(content.tags(repository))).toEqual([]);
    always({ body: listed({}) });
    expect(await gathered(content.manifests(repository))).toEqual([]);
  });
});

describe('when a page names a next one', () => {
  const path = '/acr/v1/team%2Fapp/_tags';

  function linked(linkOf: (page: number) => string, tags: (page: number) => unknown = () => []): void {
    let page = 0;
    registry.answer(() => {
      page += 1;
      return { body: listed({ tags: tags(page) }), headers: { Link: linkOf(page) } };
    });
  }

  it('stops at one that was read before', async () => {
    linked(
      () => `<${path}?last=v1&n=1>; rel="next"`,
      () => [tagJson('v1')],
    );
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(
      aFault('registry-endless-list', false),
    );
    expect(registry.requests).toHaveLength(2);
  });

  it('stops in a circle of several', async () => {
    linked(
      (page) => `<${path}?last=v${page % 3}>; rel="next"`,
      (page) => [tagJson(`v${page}`)],
    );
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(
      aFault('registry-endless-list', false),
    );
  });

  it.each([
    'https://registry.invalid/acr/v1/team%2Fapp/_tags?last=v1',
    '//registry.invalid/acr/v1/team%2Fapp/_tags?last=v1',
    '/\\registry.invalid/acr/v1/team%2Fapp/_tags?last=v1',
    '/acr/v1/team%2Fother/_tags?last=v1',
    '/acr/v1/team%2Fapp/_manifests?last=v1',
    '/acr/v1/team%2Fapp/../../../oauth2/token',
    '/acr/v1/%E0%A4%A/_tags',
    '',
    'https://',
  ])('does not follow <%s>', async (target) => {
    linked(
      () => `<${target}>; rel="next"`,
      () => [tagJson('v1')],
    );
    const fault = await faultOf(gathered(content.tags(repository)));
    expect(fault).toMatchObject(unreadable);
    expect(fault.message).toContain('Link ');
    expect(registry.requests).toHaveLength(1);
  });

  it.each(['next', `${path}?last=v1; rel="next"`, `<${path}?last=v1>; rel="prev"`, `<${path}?last=v1>`])(
    'refuses the header %s',
    async (link) => {
      linked(() => link);
      expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(unreadable);
      expect(registry.requests).toHaveLength(1);
    },
  );

  it('refuses a next page where the list has ended', async () => {
    linked(
      (page) => `<${path}?last=v${page}>; rel="next"`,
      () => null,
    );
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(unreadable);
    expect(registry.requests).toHaveLength(1);
  });

  it('goes on past a page that is empty, and ends without a link', async () => {
    registry.answer(({ target }) =>
      target.includes('last=v2')
        ? { body: listed({ tags: [tagJson('v3')] }) }
        : {
            body: listed({ tags: target.includes('last=v1') ? [] : [tagJson('v1')] }),
            headers: { Link: `<${path}?last=${target.includes('last=v1') ? 'v2' : 'v1'}>; rel="next"` },
          },
    );
    expect((await gathered(content.tags(repository))).map(({ tag }) => tag)).toEqual(['v1', 'v3']);
  });

  it('throws when the repository goes between two pages', async () => {
    registry.answer(({ target }) =>
      target.includes('last=')
        ? { status: 404, body: { errors: [{ code: 'NAME_UNKNOWN', message: 'gone' }] } }
        : { body: listed({ tags: [tagJson('v1')] }), headers: { Link: `<${path}?last=v1>; rel="next"` } },
    );
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(aFault('registry-changed', true));
  });
});

describe('when one item is read', () => {
  const asked = digestOf('asked');

  it('tells a tag with its times in milliseconds', async () => {
    always({ body: listed({ tag: tagJson('v1') }) });
    expect(await content.tag(repository, 'v1')).toEqual({
      tag: 'v1',
      digest: `sha256:${'a'.repeat(64)}`,
      createdAt: Date.UTC(2026, 4, 2, 14, 0, 0, 123),
      updatedAt: Date.UTC(2026, 4, 2, 14, 0, 1, 999),
      locks: { canDelete: true, canWrite: true, canRead: true, canList: true },
    });
    expect(registry.requests[0]?.target).toMatch(/^\/acr\/v1\/team%2Fapp\/_tags\/v1\?/);
  });

  it('tells a manifest with the media type that the SDK drops, and without what is absent', async () => {
    const bare = {
      imageSize: undefined,
      architecture: undefined,
      os: null,
      mediaType: undefined,
      tags: undefined,
    };
    always({ body: listed({ manifest: manifestJson({ digest: asked }) }) });
    expect(await content.manifest(repository, asked)).toMatchObject({
      size: 3_023,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      architecture: 'amd64',
      os: 'linux',
    });
    always({ body: listed({ manifest: manifestJson({ digest: asked, ...bare }) }) });
    expect(Object.keys((await content.manifest(repository, asked)) ?? {}).sort()).toEqual([
      'createdAt',
      'digest',
      'isTagged',
      'locks',
      'updatedAt',
    ]);
  });

  it.each<[string, ScriptedAnswer]>([
    ['another tag', { body: listed({ tag: tagJson('v2') }) }],
    ['a tag of another repository', { body: { imageName: 'team/other', tag: tagJson('v1') } }],
    ['a tag of no repository', { body: { tag: tagJson('v1') } }],
    ['no tag', { body: listed({}) }],
    ['no JSON', { body: '<' }],
  ])('refuses %s', async (_, answer) => {
    always(answer);
    expect(await faultOf(content.tag(repository, 'v1'))).toMatchObject(unreadable);
  });

  it('refuses another manifest', async () => {
    always({ body: listed({ manifest: manifestJson() }) });
    expect(await faultOf(content.manifest(repository, asked))).toMatchObject(unreadable);
  });

  it.each<[string, ScriptedAnswer]>([
    ['a page of HTML', { status: 404, body: '<html>', headers: { 'Content-Type': 'text/html' } }],
    ['no JSON', { status: 404, body: '{' }],
    ['no errors', { status: 404, body: {} }],
    ['errors of another shape', { status: 404, body: { errors: 'TAG_UNKNOWN' } }],
    ['an error of another shape', { status: 404, body: { errors: ['TAG_UNKNOWN', 'MANIFEST_UNKNOWN'] } }],
    ['another code', { status: 404, body: { errors: [{ code: 'NOT_FOUND' }] } }],
    ['a code that is no text', { status: 404, body: { errors: [{ code: ['TAG_UNKNOWN'] }] } }],
  ])('does not take a 404 with %s for absence', async (_, answer) => {
    always(answer);
    const refused = aFault('registry-404', false);
    expect(await faultOf(content.tag(repository, 'v1'))).toMatchObject(refused);
    expect(await faultOf(content.manifest(repository, asked))).toMatchObject(refused);
    expect(await faultOf(content.document(repository, asked))).toMatchObject(refused);
    expect(await faultOf(gathered(content.tags(repository)))).toMatchObject(refused);
  });

  it('does not take the absence of one thing for that of another', async () => {
    const absent = (code: string) => always({ status: 404, body: { errors: [{ code, detail: [] }] } });
    absent('TAG_UNKNOWN');
    expect(await content.tag(repository, 'v1')).toBeUndefined();
    await faultOf(content.manifest(repository, asked));
    await faultOf(gathered(content.tags(repository)));
    absent('MANIFEST_UNKNOWN');
    expect(await content.manifest(repository, asked)).toBeUndefined();
    expect(await content.document(repository, asked)).toBeUndefined();
    await faultOf(content.tag(repository, 'v1'));
    absent('NAME_UNKNOWN');
    expect(await content.tag(repository, 'v1')).toBeUndefined();
    await faultOf(gathered(content.repositories()));
  });

  it.each([
    ['', 'v1'],
    ['Team/App', 'v1'],
    ['team/app/', 'v1'],
    ['team/app', ''],
    ['team/app', '../v1'],
  ])('asks nothing of the registry for %j and tag %j', async (name, tag) => {
    always({ body: {} });
    expect(await faultOf(content.tag(name, tag))).toMatchObject(aFault('registry-name', false));
    expect(registry.requests).toEqual([]);
  });
});

describe('when a document is read', () => {
  const ociIndex = 'application/vnd.oci.image.index.v1+json';
  const text = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [] });

  function sent(body: string, headers: Readonly<Record<string, string>> = {}): void {
    const header = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    always({ body, headers: { 'Content-Type': ociIndex, 'Docker-Content-Digest': header, ...headers } });
  }

  it('accepts every kind of manifest', async () => {
    sent(text);
    expect(await content.document(repository, digestOf(text))).toMatchObject({ kind: 'index' });
    const { accept } = registry.requests[0]?.headers ?? {};
    expect(accept).toContain(ociIndex);
    expect(accept).toContain('application/vnd.oci.artifact.manifest.v1+json');
  });

  it('refuses one with another digest, whatever the registry says it is', async () => {
    const wanted = digestOf('something else');
    sent(text, { 'Docker-Content-Digest': wanted });
    const fault = await faultOf(content.document(repository, wanted));
    expect(fault).toMatchObject(aFault('registry-digest-mismatch', false));
    expect(fault.message).toContain(digestOf(text));
  });

  it('refuses one that the registry calls by another digest', async () => {
    sent(text, { 'Docker-Content-Digest': digestOf('something else') });
    expect(await faultOf(content.document(repository, digestOf(text)))).toMatchObject(
      aFault('registry-digest-mismatch', false),
    );
  });

  it.each([
    ['no JSON', 'no document'],
    ['no manifest', '{}'],
    ['an image and an index at once', '{"manifests":[],"layers":[]}'],
    ['a child without a digest', '{"manifests":[{"size":1}]}'],
    ['a null', 'null'],
  ])('refuses %s', async (_, body) => {
    sent(body, { 'Content-Type': 'application/octet-stream' });
    expect(await faultOf(content.document(repository, digestOf(body)))).toMatchObject(unreadable);
  });

  it('refuses one of more than four megabytes', async () => {
    const long = text.padEnd(5 * 1024 * 1024);
    sent(long);
    expect(await faultOf(content.document(repository, digestOf(long)))).toMatchObject(unreadable);
  });
});
