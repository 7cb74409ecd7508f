import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type DeletedImagesOptions, deletedImages } from '../../src/acr/deleted-images.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { DeletedImages } from '../../src/audit/restore-ports.ts';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { accessTo, aFault, credential, gathered, pagesOf } from '../builders/registry-access.ts';
import { digestOf } from '../builders/registry-event.ts';
import { pushImage, setAttributes } from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

let registry: TestRegistry;
let content: RegistryContent;

beforeAll(async () => {
  registry = await openTestRegistry({
    softDelete: true,
    identities: {
      reader: { password: 'unused', actions: ['pull', 'metadata_read'] },
      restorer: { password: 'unused', actions: ['deleted_read', 'deleted_restore'] },
    },
  });
  ({ content } = accessTo(registry));
});
afterEach(() => {
  Object.assign(registry.faults, { throttled: false, failureCount: null, failurePath: null });
});
afterAll(() => registry.dispose());

function deletedOf(
  of: TestRegistry = registry,
  { token = 'restorer', ...more }: Partial<DeletedImagesOptions> & { readonly token?: string } = {},
): DeletedImages {
  return deletedImages({
    endpoint: of.url,
    ca: of.ca,
    credential: credential(token),
    retry: { pause: async () => undefined, random: () => 0, attempts: 3 },
    ...more,
  });
}

async function push(repository: string, tag: string, image: string): Promise<Digest> {
  const digest = parseDigest(await pushImage(registry, repository, tag, { content: image }));
  if (digest === undefined) throw new Error('The registry gave no digest');
  return digest;
}

const remove = (repository: string, digest: Digest) =>
  registry.call('DELETE', `/v2/${repository}/manifests/${digest}`);
const untag = (repository: string, tag: string) =>
  registry.call('DELETE', `/acr/v1/${repository}/_tags/${tag}`);

describe('when what soft delete keeps is listed', () => {
  it('manifests and tags come with when they were deleted, page by page', async () => {
    const repository = 'team/listed';
    await push(repository, 'stays', 'stays');
    const digests: Digest[] = [];
    for (const name of ['a', 'b', 'c']) digests.push(await push(repository, name, name));
    for (const digest of digests) await remove(repository, digest);
    const deleted = deletedOf(registry, { pageSize: 2 });

    const manifests = await pagesOf(deleted.manifests(repository));
    expect(manifests.map(({ length }) => length)).toEqual([2, 1]);
    expect(manifests.flat().map(({ digest }) => digest)).toEqual(digests.toSorted());
    expect(manifests.flat()[0]).toMatchObject({
      deletedAt: expect.any(Number),
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      size: expect.any(Number),
    });
    const tags = await gathered(deleted.tags(repository));
    expect(tags.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['a', digests[0]],
      ['b', digests[1]],
      ['c', digests[2]],
    ]);
  });

  it('a repository that is not there, or of which nothing was deleted, has none', async () => {
    await push('team/whole', 'v1', 'whole');
    for (const repository of ['team/whole', 'team/nowhere']) {
      expect(await gathered(deletedOf().manifests(repository))).toEqual([]);
      expect(await gathered(deletedOf().tags(repository))).toEqual([]);
    }
  });

  it('a registry without soft delete has none', async () => {
    const without = await openTestRegistry();
    try {
      await pushImage(without, 'team/app', 'v1', { content: 'one' });
      const digest = await pushImage(without, 'team/app', 'v2', { content: 'two' });
      await without.call('DELETE', `/v2/team/app/manifests/${digest}`);
      expect(await gathered(deletedOf(without).manifests('team/app'))).toEqual([]);
    } finally {
      await without.dispose();
    }
  });

  it('an identity without the right is a fault, never an empty list', async () => {
    await push('team/refused', 'v1', 'refused');
    const deleted = deletedOf(registry, { token: 'reader' });
    await expect(gathered(deleted.manifests('team/refused'))).rejects.toMatchObject(
      aFault('registry-401', false),
    );
  });
});

describe('when something is restored', () => {
  it('the manifest is back without its tags, and then one tag with it', async () => {
    const repository = 'team/restored';
    await push(repository, 'stays', 'stays');
    const digest = await push(repository, 'v1', 'one');
    await remove(repository, digest);
    expect(await content.manifest(repository, digest)).toBeUndefined();
    expect(await deletedOf().restore(repository, digest)).toEqual({ outcome: 'restored' });
    expect(await content.manifest(repository, digest)).toMatchObject({ isTagged: false });
    expect(await deletedOf().restore(repository, digest, 'v1')).toEqual({ outcome: 'restored' });
    expect(await content.tag(repository, 'v1')).toMatchObject({ digest });
    // Repeating it changes nothing.
    expect(await deletedOf().restore(repository, digest, 'v1')).toEqual({ outcome: 'restored' });
  });

  it('a repository that went with its last manifest is back', async () => {
    const repository = 'team/last';
    const digest = await push(repository, 'v1', 'last');
    await remove(repository, digest);
    expect(await deletedOf().restore(repository, digest, 'v1')).toEqual({ outcome: 'restored' });
    expect(await content.tag(repository, 'v1')).toMatchObject({ digest });
  });

  it('a tag that points to something else is refused, and stays where it is', async () => {
    const repository = 'team/moved';
    const old = await push(repository, 'v1', 'old');
    await untag(repository, 'v1');
    const latest = await push(repository, 'v1', 'new');
    const refused = { outcome: 'refused', code: 'registry-409' };
    expect(await deletedOf().restore(repository, old, 'v1')).toEqual(refused);
    expect(await content.tag(repository, 'v1')).toMatchObject({ digest: latest });
  });

  it('what soft delete does not keep is missing', async () => {
    await push('team/known', 'v1', 'known');
    const missing = { outcome: 'missing' };
    expect(await deletedOf().restore('team/known', digestOf('never pushed'))).toEqual(missing);
    expect(await deletedOf().restore('team/nowhere', digestOf('never pushed'))).toEqual(missing);
  });

  it('an identity without the right is refused', async () => {
    const repository = 'team/unauthorized';
    await push(repository, 'stays', 'stays');
    const digest = await push(repository, 'v1', 'one');
    await remove(repository, digest);
    expect(await deletedOf(registry, { token: 'reader' }).restore(repository, digest)).toEqual({
      outcome: 'refused',
      code: 'registry-401',
    });
    expect(await content.manifest(repository, digest)).toBeUndefined();
  });

  it('a busy registry is asked again, and then the fault may be repeated', async () => {
    const repository = 'team/busy';
    await push(repository, 'stays', 'stays');
    const digest = await push(repository, 'v1', 'one');
    await remove(repository, digest);
    const busy = { throttled: true, retryAfterSeconds: null, failurePath: '/_deleted/' };
    Object.assign(registry.faults, { ...busy, failureCount: 1 });
    expect(await deletedOf().restore(repository, digest)).toEqual({ outcome: 'restored' });
    Object.assign(registry.faults, { ...busy, failureCount: null });
    await expect(deletedOf().restore(repository, digest)).rejects.toMatchObject(aFault('registry-429', true));
  });

  it('what it allows is as it was', async () => {
    const repository = 'team/locks';
    await push(repository, 'stays', 'stays');
    const digest = await push(repository, 'v1', 'one');
    await setAttributes(registry, `${repository}/_manifests/${digest}`, { listEnabled: false });
    await remove(repository, digest);
    await deletedOf().restore(repository, digest, 'v1');
    expect(await content.manifest(repository, digest)).toMatchObject({
      locks: { canDelete: true, canWrite: true, canList: false },
    });
  });

  it('nothing is sent for what is no name, no tag and no digest', async () => {
    const deleted = deletedOf();
    // What is stored could say anything.
    const noDigests: readonly Digest[] = JSON.parse('["", "v1", "sha256:"]');
    for (const digest of noDigests) {
      await expect(deleted.restore('team/app', digest)).rejects.toThrow(TypeError);
    }
    await expect(deleted.restore('', digestOf('one'))).rejects.toMatchObject(aFault('registry-name', false));
    await expect(deleted.restore('team/app', digestOf('one'), '')).rejects.toMatchObject(
      aFault('registry-name', false),
    );
    expect(() => deleted.manifests('../catalog')).toThrow('is no name');
  });
});
