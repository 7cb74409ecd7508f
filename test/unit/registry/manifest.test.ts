import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Manifest, manifestKind, readManifest } from '../../../src/registry/manifest.ts';
import { digestOf } from '../../builders/registry-event.ts';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const artifact = 'application/vnd.oci.artifact.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';

const config = { mediaType: configType, digest: digestOf('config'), size: 700 };
const layer = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf('layer'),
  size: 32_654,
};
const subject = { mediaType: ociIndex, digest: digestOf('subject'), size: 1_024 };
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: ociIndex,
  manifests: [
    {
      mediaType: ociManifest,
      digest: digestOf('amd64'),
      size: 528,
      platform: { os: 'linux', architecture: 'amd64' },
    },
    {
      mediaType: ociManifest,
      digest: digestOf('arm'),
      size: 529,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '6' },
    },
    { digest: digestOf('attestation') },
  ],
};

function read(mediaType: string | undefined, body: unknown): Manifest {
  const reading = readManifest(mediaType, body);
  if (!reading.ok) {
    throw new Error(JSON.stringify(reading.problems));
  }
  return reading.manifest;
}

function fieldsRefused(mediaType: string | undefined, body: unknown): readonly string[] {
  const reading = readManifest(mediaType, body);
  return reading.ok ? [] : reading.problems.map(({ field }) => field);
}

describe('manifestKind', () => {
  it.each([
    [ociManifest, 'image'],
    [dockerManifest, 'image'],
    [schema1, 'image'],
    ['application/vnd.docker.distribution.manifest.v1+json', 'image'],
    [artifact, 'image'],
    ['application/vnd.cncf.oras.artifact.manifest.v1+json', 'image'],
    [ociIndex, 'index'],
    [dockerList, 'index'],
    [`${ociIndex.toUpperCase()} ; charset=utf-8`, 'index'],
    [configType, 'unknown'],
    ['application/json', 'unknown'],
    ['', 'unknown'],
    ['constructor', 'unknown'],
  ])('when the media type is %s, says %s', (mediaType, kind) => {
    expect(manifestKind(mediaType)).toBe(kind);
  });
});

describe('readManifest', () => {
  it('when it is an image, lists its configuration and layers and no children', () => {
    expect(read(ociManifest, image)).toEqual({
      kind: 'image',
      mediaType: ociManifest,
      children: [],
      config,
      layers: [layer],
      annotations: {},
    });
  });

  it('when it is an index, lists its children with what is known of their platforms', () => {
    expect(read(ociIndex, index)).toEqual({
      kind: 'index',
      mediaType: ociIndex,
      children: [
        index.manifests[0],
        { ...index.manifests[1], platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
        { digest: digestOf('attestation') },
      ],
      layers: [],
      annotations: {},
    });
  });

  it('when it is about another manifest, names that as its subject', () => {
    const signature = {
      ...image,
      artifactType: 'application/vnd.example.signature',
      subject,
      annotations: { 'org.example.signed-by': 'contoso' },
    };
    expect(read(ociManifest, signature)).toMatchObject({
      kind: 'image',
      subject,
      artifactType: 'application/vnd.example.signature',
      annotations: { 'org.example.signed-by': 'contoso' },
    });
    expect(read(ociIndex, { ...index, subject })).toMatchObject({ kind: 'index', subject });
  });

  it('when it is an artifact manifest, lists its blobs as layers', () => {
    expect(
      read(artifact, { mediaType: artifact, artifactType: 'a/b', blobs: [layer], subject }),
    ).toMatchObject({
      kind: 'image',
      mediaType: artifact,
      layers: [layer],
      subject,
    });
  });

  it('when it is of Docker’s first schema, lists its file system layers', () => {
    const body = {
      schemaVersion: 1,
      name: 'app',
      tag: '1',
      fsLayers: [{ blobSum: digestOf('a') }, { blobSum: digestOf('b') }],
    };
    expect(read(schema1, body)).toMatchObject({
      kind: 'image',
      layers: [{ digest: digestOf('a') }, { digest: digestOf('b') }],
    });
  });

  it.each<[string, string | undefined, unknown, string, string]>([
    ['the registry names it', dockerList, { manifests: [] }, 'index', dockerList],
    [
      'the registry adds a parameter',
      `${dockerManifest}; charset=utf-8`,
      { layers: [] },
      'image',
      dockerManifest,
    ],
    ['only the body names it', undefined, { ...index, mediaType: dockerList }, 'index', dockerList],
    [
      'the registry names it in no telling way',
      'application/json',
      { ...image, mediaType: dockerManifest },
      'image',
      dockerManifest,
    ],
    ['only "manifests" tells', undefined, { manifests: [] }, 'index', ociIndex],
    ['only "config" tells', undefined, { config }, 'image', ociManifest],
    ['only "layers" tells', '', { layers: [] }, 'image', ociManifest],
    ['the registry adds a parameter to nothing', '; charset=utf-8', { layers: [] }, 'image', ociManifest],
    ['only the media type tells', ociManifest, {}, 'image', ociManifest],
  ])('when %s, knows the kind', (_, mediaType, body, kind, expected) => {
    expect(read(mediaType, body)).toMatchObject({ kind, mediaType: expected });
  });

  it.each<[string, string | undefined, unknown]>([
    ['has both children and layers', undefined, { ...index, layers: [layer], mediaType: undefined }],
    ['is called an image but has children', ociManifest, { manifests: [] }],
    ['is called an index but has layers', ociIndex, { ...image, mediaType: undefined }],
    ['calls itself otherwise than the registry does', ociIndex, { mediaType: ociManifest }],
    ['tells nothing', undefined, {}],
    ['is of a media type unknown here', 'application/vnd.example', { schemaVersion: 2 }],
  ])('when the body %s, refuses it on "mediaType"', (_, mediaType, body) => {
    expect(fieldsRefused(mediaType, body)).toEqual(['mediaType']);
  });

  it('when an index lists nothing readable, refuses it rather than call it childless', () => {
    expect(fieldsRefused(ociIndex, { mediaType: ociIndex })).toEqual(['manifests']);
    expect(fieldsRefused(ociIndex, { manifests: null })).toEqual(['manifests']);
    expect(fieldsRefused(ociIndex, { manifests: { 0: {} } })).toEqual(['manifests']);
  });

  it.each<[string, string | undefined, unknown, string, RegExp]>([
    [
      'tells nothing',
      undefined,
      {},
      'mediaType',
      /^names no known manifest: expected either an index with "manifests" or/,
    ],
    [
      'tells two things',
      ociManifest,
      { manifests: [] },
      'mediaType',
      /can be taken for two kinds of manifest: expected/,
    ],
    ['has no children', ociIndex, {}, 'manifests', /^is missing: expected an array of objects$/],
    [
      'has a digest for a child',
      ociIndex,
      { manifests: [digestOf('a')] },
      'manifests.0',
      /^is "sha256:.*an object$/,
    ],
    [
      'has a list of annotations',
      ociManifest,
      { annotations: ['a'] },
      'annotations',
      /^is an array: expected an object of texts$/,
    ],
    [
      'has numbers for annotations',
      ociManifest,
      { annotations: { a: 'b', c: 1 } },
      'annotations',
      /expected an object of texts$/,
    ],
    [
      'has text for annotations',
      ociManifest,
      { annotations: 'a' },
      'annotations',
      /^is "a": expected an object of t/,
    ],
    [
      'has a layer of no digest',
      schema1,
      { fsLayers: [{}] },
      'fsLayers.0.blobSum',
      /^is missing: expected a digest/,
    ],
    [
      'has a blob of no digest',
      artifact,
      { blobs: [{}] },
      'blobs.0.digest',
      /^is missing: expected a digest/,
    ],
    [
      'has a configuration of no digest',
      ociManifest,
      { config: {} },
      'config.digest',
      /^is missing: expected a digest/,
    ],
  ])('when the body %s, says what is expected', (_, mediaType, body, field, problem) => {
    const reading = readManifest(mediaType, body);
    expect(reading.ok ? [] : reading.problems).toEqual([{ field, problem: expect.stringMatching(problem) }]);
  });

  it.each([
    ['only "fsLayers" tells', { fsLayers: [{ blobSum: digestOf('a') }] }],
    ['only "blobs" tells', { blobs: [layer] }],
  ])('when %s, it is an image', (_, body) => {
    expect(read(undefined, body)).toMatchObject({ kind: 'image', mediaType: ociManifest });
  });

  it('when the registry calls it by a type unknown here, that is its type as long as its shape tells its kind', () => {
    expect(read('application/vnd.example+json', { layers: [] })).toMatchObject({
      kind: 'image',
      mediaType: 'application/vnd.example+json',
    });
    expect(read(undefined, { mediaType: ' Application/JSON ; a=b', manifests: [] })).toMatchObject({
      kind: 'index',
      mediaType: 'application/json',
    });
  });

  it('when texts are too long, they are cut', () => {
    const long = 'x'.repeat(300);
    const platform = { os: long, architecture: long, variant: long };
    const child = { digest: digestOf('a'), mediaType: long, platform };
    const { children, artifactType } = read(ociIndex, { manifests: [child], artifactType: long });
    expect(artifactType).toHaveLength(255);
    expect(children).toEqual([
      {
        digest: child.digest,
        mediaType: 'x'.repeat(255),
        platform: { os: 'x'.repeat(64), architecture: 'x'.repeat(64), variant: 'x'.repeat(64) },
      },
    ]);
  });

  it('when several fields can’t be read, lists them all', () => {
    const body = {
      mediaType: ociIndex,
      manifests: [{ digest: 42 }, 'text', { digest: digestOf('a'), size: -1, platform: 'linux' }, {}],
      subject: { digest: 'sha256:short' },
      artifactType: 7,
      annotations: { a: 1 },
    };
    expect(fieldsRefused(undefined, body)).toEqual([
      'manifests.1',
      'manifests.0.digest',
      'manifests.2.size',
      'manifests.2.platform',
      'manifests.3.digest',
      'subject.digest',
      'artifactType',
      'annotations',
    ]);
  });

  it('when thousands of fields can’t be read, lists a bounded number', () => {
    expect(fieldsRefused(ociIndex, { manifests: Array.from({ length: 5_000 }, () => ({})) })).toHaveLength(
      100,
    );
  });

  it.each([undefined, null, 42, 'text', [], true])('when the body is %j, refuses it as no object', (body) => {
    expect(fieldsRefused(ociManifest, body)).toEqual(['$']);
  });

  it('when fields have the names of inherited ones, isn’t misled', () => {
    const body = JSON.parse(
      '{"layers":[],"annotations":{"__proto__":"x","constructor":"y"},"__proto__":{"manifests":[]}}',
    );
    expect(read(undefined, body).kind).toBe('image');
    expect(Object.getPrototypeOf(read(undefined, body))).toBe(Object.prototype);
  });

  it('when the body is anything, gives a manifest or at least one problem', () => {
    const names = [
      'mediaType',
      'manifests',
      'layers',
      'config',
      'subject',
      'annotations',
      'blobs',
      'fsLayers',
    ];
    const bodies = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...names), fc.anything()));
    const types = fc.option(fc.oneof(fc.string(), fc.constantFrom(ociManifest, ociIndex, schema1)), {
      nil: undefined,
    });
    fc.assert(
      fc.property(types, bodies, (mediaType, body) => {
        const reading = readManifest(mediaType, body);
        expect(reading.ok || reading.problems.length > 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
