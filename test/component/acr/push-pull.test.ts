import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRange } from '../../../local/acr/blob-routes.ts';
import {
  describeBytes,
  digestOf,
  mediaTypes,
  prepareImage,
  pushBlob,
  pushImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
  setAttributes,
} from './image.ts';
import { type Answer, openTestRegistry, type TestRegistry } from './test-registry.ts';

let registry: TestRegistry;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterAll(() => registry.dispose());

function codeOf(answer: Answer): unknown {
  const { json } = answer;
  return typeof json === 'object' && json !== null && 'errors' in json ? json.errors : json;
}

async function beginUpload(repository: string): Promise<string> {
  const answer = await registry.call('POST', `/v2/${repository}/blobs/uploads/`);
  expect(answer.status).toBe(202);
  expect(answer.headers).toMatchObject({ range: '0-0', 'docker-upload-uuid': expect.any(String) });
  return String(answer.headers['location']);
}

describe('when a blob is uploaded', () => {
  it('accepts it whole in one POST', async () => {
    const digest = await pushBlob(registry, 'blobs/post', 'content');
    const head = await registry.call('HEAD', `/v2/blobs/post/blobs/${digest}`);
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({ 'content-length': '7', 'docker-content-digest': digest });
  });

  it('accepts it whole in the closing PUT', async () => {
    const location = await beginUpload('blobs/put');
    const digest = digestOf('content');
    const answer = await registry.call('PUT', `${location}?digest=${encodeURIComponent(digest)}`, {
      body: 'content',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'docker-content-digest': digest,
      location: `/v2/blobs/put/blobs/${digest}`,
    });
    expect((await registry.call('GET', `/v2/blobs/put/blobs/${digest}`)).bytes.toString()).toBe('content');
  });

  it('accepts it in chunks and tells how far it is', async () => {
    const location = await beginUpload('blobs/chunks');
    const first = await registry.call('PATCH', location, {
      body: 'first ',
      headers: { 'Content-Range': '0-5' },
    });
    expect(first.status).toBe(202);
    expect(first.headers).toMatchObject({ range: '0-5' });
    const progress = await registry.call('GET', String(first.headers['location']));
    expect([progress.status, progress.headers['range']]).toEqual([204, '0-5']);
    const last = await registry.call('PUT', `${location}?digest=${digestOf('first second')}`, {
      body: 'second',
      headers: { 'Content-Range': '6-11' },
    });
    expect(last.status).toBe(201);
  });

  it.each(['PATCH', 'PUT'])('refuses a %s that is out of order', async (method) => {
    const location = await beginUpload('blobs/order');
    await registry.call('PATCH', location, { body: 'abc', headers: { 'Content-Range': '0-2' } });
    const answer = await registry.call(method, `${location}?digest=${digestOf('x')}`, {
      body: 'x',
      headers: { 'Content-Range': '7-7' },
    });
    expect(answer.status).toBe(416);
    expect(answer.headers).toMatchObject({ range: '0-2', location });
  });

  it('accepts sha512', async () => {
    const digest = digestOf('content', 'sha512');
    const answer = await registry.call('POST', `/v2/blobs/sha512/blobs/uploads/?digest=${digest}`, {
      body: 'content',
    });
    expect(answer.status).toBe(201);
    expect((await registry.call('GET', `/v2/blobs/sha512/blobs/${digest}`)).status).toBe(200);
  });

  it.each([
    ['of other content', digestOf('something else')],
    ['that is malformed', 'sha256:xyz'],
    ['of an unknown algorithm', `md5:${'0'.repeat(32)}`],
    ['that is a path', 'sha256:../../../../etc/passwd'],
  ])('refuses a digest %s', async (_, digest) => {
    const location = await beginUpload('blobs/wrong');
    const answer = await registry.call('PUT', `${location}?digest=${encodeURIComponent(digest)}`, {
      body: 'content',
    });
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toMatchObject([{ code: 'DIGEST_INVALID' }]);
  });

  it('mounts it from another repository, or falls back to an upload', async () => {
    const digest = await pushBlob(registry, 'blobs/source', 'mounted');
    const path = `/v2/blobs/target/blobs/uploads/?mount=${digest}`;
    const mounted = await registry.call('POST', `${path}&from=blobs/source&origin=x`);
    expect(mounted.status).toBe(201);
    expect((await registry.call('HEAD', `/v2/blobs/target/blobs/${digest}`)).status).toBe(200);
    expect((await registry.call('POST', `${path}&from=blobs/nowhere`)).status).toBe(202);
    expect((await registry.call('POST', path)).status).toBe(202);
  });

  it('forgets a cancelled upload, and knows none of another repository', async () => {
    const location = await beginUpload('blobs/cancelled');
    const elsewhere = location.replace('blobs/cancelled', 'blobs/elsewhere');
    expect((await registry.call('GET', elsewhere)).status).toBe(404);
    expect((await registry.call('DELETE', location)).status).toBe(204);
    expect(codeOf(await registry.call('PATCH', location, { body: 'x' }))).toMatchObject([
      { code: 'BLOB_UPLOAD_UNKNOWN' },
    ]);
  });

  it('serves a blob only to the repository that has it', async () => {
    const digest = await pushBlob(registry, 'blobs/mine', 'private content');
    expect((await registry.call('GET', `/v2/blobs/yours/blobs/${digest}`)).status).toBe(404);
  });

  it('answers ranges', async () => {
    const digest = await pushBlob(registry, 'blobs/range', '0123456789');
    const get = (range: string) =>
      registry.call('GET', `/v2/blobs/range/blobs/${digest}`, { headers: { Range: range } });
    const part = await get('bytes=2-4');
    expect([part.status, part.bytes.toString(), part.headers['content-range']]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    expect((await get('bytes=7-')).bytes.toString()).toBe('789');
    expect((await get('7-')).bytes.toString()).toBe('789');
    expect((await get('bytes=-2')).bytes.toString()).toBe('89');
    expect((await get('bytes=10-')).status).toBe(416);
  });

  it('reads what is no single range as the whole', () => {
    for (const header of [undefined, '', 'bytes=-', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=a-b']) {
      expect(readRange(header, 10)).toBeUndefined();
    }
  });

  it('deletes it', async () => {
    const digest = await pushBlob(registry, 'blobs/deleted', 'content');
    expect((await registry.call('DELETE', `/v2/blobs/deleted/blobs/${digest}`)).status).toBe(202);
    expect((await registry.call('GET', `/v2/blobs/deleted/blobs/${digest}`)).status).toBe(404);
  });

  it('leaves nothing behind of a refused single POST', async () => {
    const fresh = await openTestRegistry();
    try {
      const path = `/v2/a/blobs/uploads/?digest=${digestOf('else')}`;
      expect((await fresh.call('POST', path, { body: 'content' })).status).toBe(400);
      expect(await readdir(join(fresh.directory, 'uploads'))).toEqual([]);
    } finally {
      await fresh.dispose();
    }
  });

  it('refuses one that is too large', async () => {
    const small = await openTestRegistry({ maxBlobBytes: 10 });
    try {
      const answer = await small.call('POST', `/v2/a/blobs/uploads/?digest=${digestOf('x')}`, {
        body: 'more than ten bytes',
      });
      expect(answer.status).toBe(413);
    } finally {
      await small.dispose();
    }
  });
});

describe('when a manifest is pushed', () => {
  const put = (repository: string, text: string, contentType: string, reference = 'v1') =>
    registry.call('PUT', `/v2/${repository}/manifests/${reference}`, {
      headers: { 'Content-Type': contentType },
      body: text,
    });

  it('keeps its bytes as they came, by tag and by digest', async () => {
    const manifest = await prepareImage(registry, 'manifests/bytes');
    const text = `  ${manifest.text}\n`;
    const digest = digestOf(text);
    const answer = await put('manifests/bytes', text, mediaTypes.manifest);
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'docker-content-digest': digest,
      location: `/v2/manifests/bytes/manifests/${digest}`,
    });
    for (const reference of ['v1', digest, encodeURIComponent(digest)]) {
      const got = await registry.call('GET', `/v2/manifests/bytes/manifests/${reference}`);
      expect(got.bytes.toString()).toBe(text);
      const head = await registry.call('HEAD', `/v2/manifests/bytes/manifests/${reference}`);
      expect(head.bytes).toHaveLength(0);
      for (const { headers } of [got, head]) {
        expect(headers).toMatchObject({
          'content-type': mediaTypes.manifest,
          'content-length': String(Buffer.byteLength(text)),
          'docker-content-digest': digest,
        });
      }
    }
  });

  it('accepts sha512, and refuses a digest that is not its own', async () => {
    const { text } = await prepareImage(registry, 'manifests/sha512');
    const digest = digestOf(text, 'sha512');
    expect((await put('manifests/sha512', text, mediaTypes.manifest, digest)).status).toBe(201);
    expect((await registry.call('GET', `/v2/manifests/sha512/manifests/${digest}`)).status).toBe(200);
    const wrong = await put('manifests/sha512', text, mediaTypes.manifest, digestOf('else'));
    expect(codeOf(wrong)).toMatchObject([{ code: 'DIGEST_INVALID' }]);
  });

  it('refuses one whose blobs are missing', async () => {
    const { text } = await prepareImage(registry, 'manifests/with-blobs');
    const answer = await put('manifests/without-blobs', text, mediaTypes.manifest);
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toMatchObject([{ code: 'MANIFEST_BLOB_UNKNOWN' }]);
  });

  it('accepts missing layers that must not be distributed', async () => {
    const config = '{}';
    await pushBlob(registry, 'manifests/foreign', config);
    const absent = { size: 3, digest: digestOf('absent') };
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: describeBytes(mediaTypes.config, config),
      layers: [
        { ...absent, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' },
        { ...absent, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
        { ...absent, mediaType: mediaTypes.layer, urls: ['https://contoso.example/layer'] },
      ],
    };
    expect((await put('manifests/foreign', JSON.stringify(document), mediaTypes.manifest)).status).toBe(201);
  });

  it('accepts an empty index, and one whose children are missing', async () => {
    for (const index of [sampleIndex([]), sampleIndex([describeBytes(mediaTypes.manifest, 'absent')])]) {
      expect((await putManifest(registry, 'manifests/index', 'v1', index)).status).toBe(201);
    }
  });

  it('accepts 4 MiB and nothing longer', async () => {
    const limit = 4 * 1024 * 1024;
    const empty = JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { a: '' } });
    const padded = (bytes: number): string =>
      empty.replace('""', `"${'x'.repeat(bytes - Buffer.byteLength(empty))}"`);
    expect((await put('manifests/large', padded(limit), mediaTypes.index)).status).toBe(201);
    expect((await put('manifests/large', padded(limit + 1), mediaTypes.index)).status).toBe(413);
  });

  it.each([
    ['text', 'not json', mediaTypes.manifest],
    ['null', 'null', mediaTypes.manifest],
    ['schema 1', '{"schemaVersion":1,"manifests":[]}', mediaTypes.index],
    ['no config', '{"schemaVersion":2,"layers":[]}', mediaTypes.manifest],
    ['an unknown media type', '{"schemaVersion":2,"manifests":[]}', 'application/json'],
    ['no media type', '{"schemaVersion":2,"manifests":[]}', ''],
    [
      'two media types',
      `{"schemaVersion":2,"mediaType":"${mediaTypes.manifest}","manifests":[]}`,
      mediaTypes.index,
    ],
    [
      'a malformed digest',
      '{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:x","size":1}]}',
      mediaTypes.index,
    ],
  ])('refuses %s', async (_, text, contentType) => {
    const answer = await put('manifests/refused', text, contentType);
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toMatchObject([{ code: 'MANIFEST_INVALID' }]);
  });

  it('moves a tag, keeping its creation time', async () => {
    await pushImage(registry, 'manifests/moved', 'v1', { content: 'one' });
    const before = await registry.call('GET', '/acr/v1/manifests/moved/_tags/v1');
    const digest = await pushImage(registry, 'manifests/moved', 'v1', { content: 'two' });
    const after = await registry.call('GET', '/acr/v1/manifests/moved/_tags/v1');
    const timed = (answer: Answer) =>
      expect(answer.json).toMatchObject({ tag: { createdTime: expect.stringMatching(/\.\d{7}Z$/) } });
    timed(before);
    expect(after.json).toMatchObject({ tag: { digest } });
    const times = [before, after].map(({ json }) => JSON.stringify(json).match(/"\d{4}[^"]*Z"/g) ?? []);
    expect(times[1]?.[0]).toBe(times[0]?.[0]);
    expect(String(times[1]?.[1]) > String(times[0]?.[1])).toBe(true);
  });

  it('leaves lastUpdateTime as it was when a lock changes', async () => {
    const digest = await pushImage(registry, 'manifests/patched', 'v1');
    for (const path of ['patched', 'patched/_tags/v1', `patched/_manifests/${digest}`]) {
      const before = await registry.call('GET', `/acr/v1/manifests/${path}`);
      const answer = await setAttributes(registry, `manifests/${path}`, { deleteEnabled: false });
      const times = ({ json }: Answer) => JSON.stringify(json).match(/"lastUpdateTime":"[^"]*"/g);
      expect(times(answer)).toEqual(times(before));
    }
  });

  it('adds the sizes of config and layers, and of the children of an index', async () => {
    const child = await prepareImage(registry, 'manifests/sizes', { content: 'x'.repeat(100) });
    await putManifest(registry, 'manifests/sizes', 'child', child);
    await putManifest(registry, 'manifests/sizes', 'index', sampleIndex([child.descriptor]));
    const answer = await registry.call('GET', '/acr/v1/manifests/sizes/_manifests');
    const sizes = JSON.stringify(answer.json).match(/"imageSize":\d+/g);
    expect(new Set(sizes).size).toBe(1);
  });
});

describe('when a manifest is deleted', () => {
  it('takes its tags along and leaves the others', async () => {
    const digest = await pushImage(registry, 'deleted/tags', 'v1', { content: 'same' });
    await pushImage(registry, 'deleted/tags', 'v2', { content: 'same' });
    await pushImage(registry, 'deleted/tags', 'v3', { content: 'other' });
    expect((await registry.call('DELETE', `/v2/deleted/tags/manifests/${digest}`)).status).toBe(202);
    expect((await registry.call('GET', '/v2/deleted/tags/tags/list')).json).toMatchObject({ tags: ['v3'] });
    const again = await registry.call('DELETE', `/v2/deleted/tags/manifests/${digest}`);
    expect(again.status).toBe(404);
    expect(codeOf(again)).toMatchObject([{ code: 'MANIFEST_UNKNOWN' }]);
  });

  it('takes its referrers along, but not locked ones', async () => {
    const subject = await prepareImage(registry, 'deleted/subject');
    await putManifest(registry, 'deleted/subject', 'v1', subject);
    const signature = await pushImage(registry, 'deleted/subject', undefined, {
      content: 'signature',
      subject: subject.descriptor,
    });
    const locked = await pushImage(registry, 'deleted/subject', undefined, {
      content: 'sbom',
      subject: subject.descriptor,
    });
    await setAttributes(registry, `deleted/subject/_manifests/${locked}`, { deleteEnabled: false });
    await registry.call('DELETE', `/v2/deleted/subject/manifests/${subject.descriptor.digest}`);
    const status = async (digest: string) =>
      (await registry.call('GET', `/v2/deleted/subject/manifests/${digest}`)).status;
    expect([await status(signature), await status(locked)]).toEqual([404, 200]);
  });

  it('is not done by tag', async () => {
    await pushImage(registry, 'deleted/by-tag', 'v1');
    const answer = await registry.call('DELETE', '/v2/deleted/by-tag/manifests/v1');
    expect(answer.status).toBe(405);
    expect(codeOf(answer)).toMatchObject([{ code: 'UNSUPPORTED' }]);
  });

  it('ends a repository with its last manifest', async () => {
    const digest = await pushImage(registry, 'deleted/last', 'v1');
    await registry.call('DELETE', `/v2/deleted/last/manifests/${digest}`);
    expect((await registry.call('GET', '/acr/v1/deleted/last')).status).toBe(404);
  });
});

describe('when referrers are asked for', () => {
  let subject: SampleManifest;

  beforeAll(async () => {
    subject = await prepareImage(registry, 'referrers');
    await putManifest(registry, 'referrers', 'v1', subject);
    const sbom = await prepareImage(registry, 'referrers', {
      content: 'sbom',
      subject: subject.descriptor,
      artifactType: 'application/spdx+json',
      annotations: { made: 'by a pipeline' },
    });
    const answer = await putManifest(registry, 'referrers', sbom.descriptor.digest, sbom);
    expect(answer.headers).toMatchObject({ 'oci-subject': subject.descriptor.digest });
    await pushImage(registry, 'referrers', undefined, { content: 'signature', subject: subject.descriptor });
  });

  it('lists them with their artifact types and annotations', async () => {
    const answer = await registry.call('GET', `/v2/referrers/referrers/${subject.descriptor.digest}`);
    expect(answer.headers).toMatchObject({ 'content-type': mediaTypes.index });
    expect(answer.json).toMatchObject({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: expect.arrayContaining([
        expect.objectContaining({
          artifactType: 'application/spdx+json',
          annotations: { made: 'by a pipeline' },
        }),
        expect.objectContaining({ artifactType: mediaTypes.config }),
      ]),
    });
  });

  it('filters them and says so', async () => {
    const path = `/v2/referrers/referrers/${subject.descriptor.digest}?artifactType=application/spdx%2Bjson`;
    const answer = await registry.call('GET', path);
    expect(answer.headers).toMatchObject({ 'oci-filters-applied': 'artifactType' });
    expect(answer.json).toHaveProperty('manifests.length', 1);
  });

  it('answers an empty index for what is unknown', async () => {
    for (const repository of ['referrers', 'nowhere']) {
      const answer = await registry.call('GET', `/v2/${repository}/referrers/${digestOf('unknown')}`);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ manifests: [] });
    }
  });

  it('accepts a referrer whose subject does not exist', async () => {
    const absent = describeBytes(mediaTypes.manifest, 'absent');
    await pushImage(registry, 'referrers/early', undefined, { content: 'signature', subject: absent });
    const answer = await registry.call('GET', `/v2/referrers/early/referrers/${absent.digest}`);
    expect(answer.json).toHaveProperty('manifests.length', 1);
  });
});
