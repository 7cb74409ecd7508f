import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseDigest } from '../../../src/registry/digest.ts';
import { accessTo, gathered, pagesOf } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  digestOf as digestOfBytes,
  mediaTypes,
  prepareImage,
  pushImage,
  putManifest,
  sampleIndex,
  setAttributes,
} from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

describe('when a registry is listed', () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await openTestRegistry();
  });
  afterAll(() => registry.dispose());

  it('reads 2,500 tags over pages of at most 1,000, each once', async () => {
    const image = await prepareImage(registry, 'team/many');
    const names = Array.from({ length: 2_500 }, (_, index) => `v${String(index).padStart(4, '0')}`);
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(
        names.slice(from, from + 50).map((name) => putManifest(registry, 'team/many', name, image)),
      );
    }
    const pages = await pagesOf(accessTo(registry, { pageSize: 5_000 }).content.tags('team/many'));
    expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 500]);
    expect(pages.flat().map(({ tag }) => tag)).toEqual(names);
    expect(new Set(pages.flat().map(({ digest }) => digest))).toEqual(new Set([image.descriptor.digest]));
    expect(await gathered(accessTo(registry).content.manifests('team/many'))).toHaveLength(1);
  });

  it('reads tags that were pushed while the list was read, or not, but never twice', async () => {
    for (const tag of ['b', 'd', 'f']) await pushImage(registry, 'team/growing', tag);
    const seen: string[] = [];
    for await (const page of accessTo(registry, { pageSize: 1 }).content.tags('team/growing')) {
      seen.push(...page.map(({ tag }) => tag));
      await pushImage(registry, 'team/growing', `a${seen.length}`);
      await pushImage(registry, 'team/growing', `e${seen.length}`);
    }
    expect(seen).toEqual([...new Set(seen)]);
    expect(seen).toEqual(expect.arrayContaining(['b', 'd', 'f']));
  });

  it('reads single tags and manifests fresh while lists are stale', async () => {
    const before = await pushImage(registry, 'team/stale', 'prod', { content: 'before' });
    const { content } = accessTo(registry);
    registry.faults.staleLists = true;
    try {
      const after = await pushImage(registry, 'team/stale', 'prod', { content: 'after' });
      expect(await gathered(content.tags('team/stale'))).toMatchObject([{ tag: 'prod', digest: before }]);
      expect(await content.tag('team/stale', 'prod')).toMatchObject({ digest: after });
      expect(await content.manifest('team/stale', parseDigest(after) ?? digestOf('none'))).toMatchObject({
        digest: after,
      });
    } finally {
      registry.faults.staleLists = false;
    }
  });

  it.each([true, false])(
    'reads the children of an index when empty bulk references are %s',
    async (empty) => {
      const repository = `team/index-${empty}`;
      const child = await prepareImage(registry, repository, { architecture: 'arm64' });
      await putManifest(registry, repository, child.descriptor.digest, child);
      const index = sampleIndex([
        { ...child.descriptor, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ]);
      await putManifest(registry, repository, 'latest', index);
      const digest = parseDigest(index.descriptor.digest) ?? digestOf('none');
      registry.faults.emptyBulkReferences = empty;
      const { content } = accessTo(registry);
      const listed = await gathered(content.manifests(repository));
      expect(listed.find((each) => each.digest === digest)).toMatchObject({ mediaType: mediaTypes.index });
      expect(listed.find((each) => each.digest !== digest)).toMatchObject({
        mediaType: mediaTypes.manifest,
        architecture: 'arm64',
        os: 'linux',
      });
      expect(await content.document(repository, digest)).toMatchObject({
        kind: 'index',
        children: [
          {
            digest: child.descriptor.digest,
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
            size: child.descriptor.size,
          },
        ],
      });
    },
  );

  it('reads a manifest with a sha512 digest', async () => {
    const image = await prepareImage(registry, 'team/sha512');
    const sha512 = digestOfBytes(image.text, 'sha512');
    await putManifest(registry, 'team/sha512', sha512, image);
    const digest = parseDigest(sha512) ?? digestOf('none');
    const { content } = accessTo(registry);
    expect((await gathered(content.manifests('team/sha512'))).map((each) => each.digest)).toEqual([sha512]);
    expect(await content.manifest('team/sha512', digest)).toMatchObject({ digest });
    expect(await content.document('team/sha512', digest)).toMatchObject({
      kind: 'image',
      config: { mediaType: mediaTypes.config },
    });
  });

  it('reads the subject of a signature', async () => {
    const image = await prepareImage(registry, 'team/signed');
    await putManifest(registry, 'team/signed', 'v1', image);
    const signature = await prepareImage(registry, 'team/signed', {
      subject: image.descriptor,
      artifactType: 'application/vnd.example.signature',
    });
    await putManifest(registry, 'team/signed', signature.descriptor.digest, signature);
    const digest = parseDigest(signature.descriptor.digest) ?? digestOf('none');
    expect(await accessTo(registry).content.document('team/signed', digest)).toMatchObject({
      subject: { digest: image.descriptor.digest },
      artifactType: 'application/vnd.example.signature',
    });
  });

  it('tells every lock by its own name', async () => {
    await pushImage(registry, 'team/locks', 'v1');
    const { content } = accessTo(registry);
    const open = { canDelete: true, canWrite: true, canRead: true, canList: true };
    for (const [attribute, lock] of [
      ['deleteEnabled', 'canDelete'],
      ['writeEnabled', 'canWrite'],
      ['readEnabled', 'canRead'],
      ['listEnabled', 'canList'],
    ] as const) {
      await setAttributes(registry, 'team/locks/_tags/v1', { [attribute]: false });
      expect(await content.tag('team/locks', 'v1')).toMatchObject({ locks: { ...open, [lock]: false } });
      await setAttributes(registry, 'team/locks/_tags/v1', { [attribute]: true });
    }
  });
});
