import {
  ContainerRegistryClient,
  type ContainerRegistryClientOptions,
  ContainerRegistryContentClient,
} from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mediaTypes } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

const everybody = credential('an access token of a cloud');

function credential(token: string) {
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}

describe('when the Azure SDK talks to the registry', () => {
  let registry: TestRegistry;
  let options: ContainerRegistryClientOptions;

  beforeAll(async () => {
    registry = await openTestRegistry({
      identities: {
        reader: { password: 'unused', actions: ['pull', 'metadata_read', 'catalog'] },
      },
    });
    options = { tlsOptions: { ca: registry.ca } };
  });
  afterAll(() => registry.dispose());

  async function push(repository: string, tag: string, content: string): Promise<string> {
    const client = new ContainerRegistryContentClient(registry.url, repository, everybody, options);
    const config = await client.uploadBlob(
      Buffer.from(JSON.stringify({ architecture: 'arm64', os: 'linux' })),
    );
    const layer = await client.uploadBlob(Buffer.from(content));
    const { digest } = await client.setManifest(
      {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: { mediaType: mediaTypes.config, digest: config.digest, size: config.sizeInBytes },
        layers: [{ mediaType: mediaTypes.layer, digest: layer.digest, size: layer.sizeInBytes }],
      },
      { tag },
    );
    return digest;
  }

  async function gather<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
    const all: T[] = [];
    for await (const item of items) {
      all.push(item);
    }
    return all;
  }

  it('pushes an image and reads back the same bytes', async () => {
    const digest = await push('sdk/pushed', 'v1', 'a layer');
    const client = new ContainerRegistryContentClient(registry.url, 'sdk/pushed', everybody, options);
    const manifest = await client.getManifest('v1');
    const blob = await client.downloadBlob(String(JSON.parse(manifest.content.toString()).layers[0].digest));
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob.content) {
      chunks.push(Buffer.from(chunk));
    }
    expect(manifest.digest).toBe(digest);
    expect(Buffer.concat(chunks).toString()).toBe('a layer');
  });

  it('uploads a blob longer than one chunk', async () => {
    const client = new ContainerRegistryContentClient(registry.url, 'sdk/large', everybody, options);
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'x');
    expect((await client.uploadBlob(bytes)).sizeInBytes).toBe(bytes.length);
  });

  it('lists repositories, manifests and tags page by page', async () => {
    for (const tag of ['a', 'b', 'c', 'd', 'e']) {
      await push('sdk/listed', tag, `layer ${tag}`);
    }
    const client = new ContainerRegistryClient(registry.url, everybody, options);
    const repository = client.getRepository('sdk/listed');
    const pages = await gather(repository.listManifestProperties().byPage({ maxPageSize: 2 }));
    const tags = await gather(
      repository.getArtifact('a').listTagProperties({ order: 'LastUpdatedOnDescending' }),
    );
    const repositories = await gather(client.listRepositoryNames().byPage({ maxPageSize: 1 }));
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(tags.map(({ name }) => name)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(repositories.flat()).toContain('sdk/listed');
  });

  it('reads the platform of an image and the children of an index', async () => {
    const digest = await push('sdk/index', 'child', 'child layer');
    const content = new ContainerRegistryContentClient(registry.url, 'sdk/index', everybody, options);
    const child = await content.getManifest(digest);
    const index = await content.setManifest(
      {
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [
          {
            mediaType: mediaTypes.manifest,
            digest,
            size: child.content.length,
            platform: { architecture: 'arm64', os: 'linux' },
          },
        ],
      },
      { tag: 'latest', mediaType: mediaTypes.index },
    );
    const repository = new ContainerRegistryClient(registry.url, everybody, options).getRepository(
      'sdk/index',
    );
    const single = await repository.getArtifact(index.digest).getManifestProperties();
    const listed = await gather(repository.listManifestProperties());
    expect(single.relatedArtifacts).toEqual([
      expect.objectContaining({ digest, architecture: 'arm64', operatingSystem: 'linux' }),
    ]);
    expect(listed.find((manifest) => manifest.digest === index.digest)?.relatedArtifacts).toEqual([]);
    expect(listed.find((manifest) => manifest.digest === digest)).toMatchObject({
      architecture: 'arm64',
      operatingSystem: 'linux',
    });
  });

  it('locks a manifest and a tag, is refused, unlocks and deletes', async () => {
    const digest = await push('sdk/locked', 'v1', 'locked layer');
    const repository = new ContainerRegistryClient(registry.url, everybody, options).getRepository(
      'sdk/locked',
    );
    const artifact = repository.getArtifact(digest);
    const before = await artifact.getManifestProperties();
    const locked = await artifact.updateManifestProperties({ canDelete: false, canWrite: false });
    expect(locked).toEqual({ ...before, canDelete: false, canWrite: false });
    await expect(artifact.delete()).rejects.toMatchObject({
      statusCode: 405,
      details: { errors: [{ code: 'REGISTRY_DISALLOWED_OPERATION' }] },
    });

    const tag = await artifact.updateTagProperties('v1', { canDelete: false });
    expect(tag).toMatchObject({ canDelete: false, canWrite: true });
    await expect(artifact.deleteTag('v1')).rejects.toMatchObject({ statusCode: 405 });

    await artifact.updateTagProperties('v1', { canDelete: true });
    await artifact.updateManifestProperties({ canDelete: true, canWrite: true });
    await artifact.deleteTag('v1');
    expect((await artifact.getManifestProperties()).tags).toEqual([]);
    await artifact.delete();
    await expect(artifact.getManifestProperties()).rejects.toMatchObject({ statusCode: 404 });
  });

  it('updates and deletes a repository', async () => {
    await push('sdk/repository', 'v1', 'layer');
    const client = new ContainerRegistryClient(registry.url, everybody, options);
    const repository = client.getRepository('sdk/repository');
    expect(await repository.updateProperties({ canDelete: false })).toMatchObject({
      canDelete: false,
      manifestCount: 1,
      tagCount: 1,
    });
    await expect(repository.delete()).rejects.toMatchObject({ statusCode: 405 });
    await repository.updateProperties({ canDelete: true });
    await repository.delete();
    expect(await gather(client.listRepositoryNames())).not.toContain('sdk/repository');
  });

  it('takes the deletion of what is gone for done', async () => {
    const digest = await push('sdk/gone', 'v1', 'layer');
    const client = new ContainerRegistryClient(registry.url, everybody, options);
    const artifact = client.getArtifact('sdk/gone', digest);
    await artifact.deleteTag('v1');
    await artifact.deleteTag('v1');
    await artifact.delete();
    await artifact.delete();
    await client.deleteRepository('sdk/gone');
  });

  it('reports a missing tag as 404', async () => {
    await push('sdk/missing', 'v1', 'layer');
    const client = new ContainerRegistryClient(registry.url, everybody, options);
    await expect(client.getArtifact('sdk/missing', 'v2').getTagProperties('v2')).rejects.toMatchObject({
      statusCode: 404,
      details: { errors: [{ code: 'TAG_UNKNOWN' }] },
    });
  });

  it('reports a missing permission as 401', async () => {
    const digest = await push('sdk/denied', 'v1', 'layer');
    const client = new ContainerRegistryClient(registry.url, credential('reader'), options);
    const artifact = client.getArtifact('sdk/denied', digest);
    expect((await artifact.getManifestProperties()).digest).toBe(digest);
    await expect(artifact.updateManifestProperties({ canDelete: false })).rejects.toMatchObject({
      statusCode: 401,
    });
  });

  it('lists an empty registry and a repository without tags', async () => {
    const empty = await openTestRegistry();
    try {
      const client = new ContainerRegistryClient(empty.url, everybody, { tlsOptions: { ca: empty.ca } });
      expect(await gather(client.listRepositoryNames())).toEqual([]);
    } finally {
      await empty.dispose();
    }
    const digest = await push('sdk/untagged', 'v1', 'layer');
    const artifact = new ContainerRegistryClient(registry.url, everybody, options).getArtifact(
      'sdk/untagged',
      digest,
    );
    await artifact.deleteTag('v1');
    expect(await gather(artifact.listTagProperties())).toEqual([]);
  });
});

describe('when the registry gives tokens to anybody', () => {
  it('lets the SDK read without a credential and refuses to write', async () => {
    const registry = await openTestRegistry({ anonymousPull: true });
    try {
      const options = { tlsOptions: { ca: registry.ca } };
      const content = new ContainerRegistryContentClient(registry.url, 'open', everybody, options);
      const { digest } = await content.setManifest(
        { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] },
        { tag: 'v1', mediaType: mediaTypes.index },
      );
      const client = new ContainerRegistryClient(registry.url, options);
      const artifact = client.getArtifact('open', digest);
      expect((await artifact.getManifestProperties()).tags).toEqual(['v1']);
      await expect(artifact.updateManifestProperties({ canDelete: false })).rejects.toMatchObject({
        statusCode: 401,
      });
    } finally {
      await registry.dispose();
    }
  });
});
