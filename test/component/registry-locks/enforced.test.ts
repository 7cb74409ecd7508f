import { ContainerRegistryClient, ContainerRegistryContentClient } from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LockFlags, locked, manifestTarget, tagTarget } from '../../../src/protection/lock-target.ts';
import { unlocked } from '../../../src/registry/lock-state.ts';
import { accessTo, aFault, credential, locksOf } from '../../builders/registry-access.ts';
import { mediaTypes, prepareImage, pushImage, putManifest } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

let registry: TestRegistry;

beforeAll(async () => {
  registry = await openTestRegistry({
    identities: {
      locker: { password: 'unused', actions: ['metadata_read', 'metadata_write'] },
      writer: { password: 'unused', actions: ['metadata_write'] },
      pusher: { password: 'unused', actions: ['pull', 'push', 'delete', 'metadata_read'] },
    },
  });
});
afterAll(() => registry.dispose());

/** What others do with the SDK itself. */
function others(repository: string) {
  const options = { tlsOptions: { ca: registry.ca } };
  const client = new ContainerRegistryClient(registry.url, credential('pusher'), options);
  const content = new ContainerRegistryContentClient(registry.url, repository, credential('pusher'), options);
  return {
    deleteTag: (tag: string) => client.getArtifact(repository, tag).deleteTag(tag),
    deleteManifest: (digest: string) => client.getArtifact(repository, digest).delete(),
    deleteRepository: () => client.deleteRepository(repository),
    async move(tag: string) {
      const { text } = await prepareImage(registry, repository, { content: `new ${tag}` });
      await content.setManifest(Buffer.from(text), { tag, mediaType: mediaTypes.manifest });
    },
  };
}

const refused = { statusCode: 405 };

describe('when a manifest and its tag have been locked', () => {
  it('nobody deletes or moves them, until they are unlocked', async () => {
    const repository = 'team/protected';
    const digest = await pushImage(registry, repository, 'v1');
    const { locks } = locksOf(registry, { token: 'locker' });
    const { deleteTag, deleteManifest, deleteRepository, move } = others(repository);
    for (const target of [manifestTarget(digest), tagTarget('v1')]) {
      expect(await locks.set(repository, target, locked)).toBe('set');
    }
    await expect(deleteManifest(digest)).rejects.toMatchObject(refused);
    await expect(deleteTag('v1')).rejects.toMatchObject(refused);
    await expect(move('v1')).rejects.toMatchObject(refused);
    await expect(deleteRepository()).rejects.toMatchObject(refused);
    expect(await accessTo(registry).content.tag(repository, 'v1')).toMatchObject({ digest });

    for (const target of [tagTarget('v1'), manifestTarget(digest)]) {
      expect(await locks.set(repository, target, unlocked)).toBe('set');
    }
    await move('v1');
    await deleteTag('v1');
    await deleteManifest(digest);
    expect(await accessTo(registry).content.tag(repository, 'v1')).toBeUndefined();
  });

  it.each<[string, LockFlags, boolean]>([
    ['a tag that only cannot be deleted is moved', { canDelete: false, canWrite: true }, true],
    ['a tag that cannot be written is not', { canDelete: true, canWrite: false }, false],
  ])('%s, which is why both are needed', async (_, flags, moves) => {
    const repository = `team/moved-${moves}`;
    const digest = await pushImage(registry, repository, 'v1');
    const { locks } = locksOf(registry, { token: 'locker' });
    await locks.set(repository, tagTarget('v1'), flags);
    const moving = others(repository).move('v1');
    if (moves) await moving;
    else await expect(moving).rejects.toMatchObject(refused);
    const seen = await accessTo(registry).content.tag(repository, 'v1');
    expect(seen?.digest === digest).toBe(!moves);
  });

  it('images next to them can still be pushed and deleted', async () => {
    const repository = 'team/neighbours';
    await pushImage(registry, repository, 'v1');
    await locksOf(registry).locks.set(repository, tagTarget('v1'), locked);
    const other = await prepareImage(registry, repository, { content: 'other' });
    expect((await putManifest(registry, repository, 'v2', other)).status).toBe(201);
    await others(repository).deleteManifest(other.descriptor.digest);
  });
});

describe('when the answer to a lock is stale', () => {
  it.each(['manifest', 'tag'])('the %s is locked, and a single read tells it', async (kind) => {
    const repository = `team/stale-${kind}`;
    const digest = await pushImage(registry, repository, 'v1');
    const { content } = accessTo(registry);
    registry.faults.staleWriteAnswers = true;
    try {
      const target = kind === 'tag' ? tagTarget('v1') : manifestTarget(digest);
      expect(await locksOf(registry).locks.set(repository, target, locked)).toBe('set');
      const seen =
        target.kind === 'tag'
          ? await content.tag(repository, target.tag)
          : await content.manifest(repository, target.digest);
      expect(seen).toMatchObject({ locks: { ...unlocked, ...locked } });
    } finally {
      registry.faults.staleWriteAnswers = false;
    }
  });
});

describe('when identities are kept apart', () => {
  it('locks with the right to write metadata alone', async () => {
    const digest = await pushImage(registry, 'team/alone', 'v1');
    const { locks } = locksOf(registry, { token: 'writer' });
    expect(await locks.set('team/alone', manifestTarget(digest), locked)).toBe('set');
    expect(await locks.set('team/alone', tagTarget('v1'), locked)).toBe('set');
  });

  it('is refused for good with every right but that, for what is there and for what is not', async () => {
    const digest = await pushImage(registry, 'team/refused', 'v1');
    const { locks, waits } = locksOf(registry, { token: 'pusher' });
    for (const target of [manifestTarget(digest), tagTarget('v1'), tagTarget('absent')]) {
      await expect(locks.set('team/refused', target, locked)).rejects.toMatchObject({
        ...aFault('registry-401', false),
        message: expect.stringContaining('answered 401 UNAUTHORIZED when asked to set the lock of'),
      });
    }
    expect(waits).toEqual([]);
  });

  it('tells that no token could be got', async () => {
    const failing = { getToken: () => Promise.reject(new Error('no identity endpoint')) };
    const { locks } = locksOf(registry, { credential: failing });
    await expect(locks.set('team/refused', tagTarget('v1'), locked)).rejects.toMatchObject(
      aFault('registry-credential', true),
    );
  });
});

describe('when a registry is throttled in the middle of locking', () => {
  it.each([
    ['without Retry-After', null, [1_000, 2_000]],
    ['with Retry-After', 7, [7_000, 7_000]],
  ])('locks after two answers 429 %s', async (_, retryAfterSeconds, expected) => {
    const repository = `team/busy-${retryAfterSeconds}`;
    await pushImage(registry, repository, 'v1');
    const { locks, waits } = locksOf(registry);
    Object.assign(registry.faults, {
      throttled: true,
      retryAfterSeconds,
      failureCount: 2,
      failurePath: '/_tags/',
    });
    try {
      expect(await locks.set(repository, tagTarget('v1'), locked)).toBe('set');
      expect(waits).toEqual(expected);
    } finally {
      Object.assign(registry.faults, { throttled: false, failureCount: null, failurePath: null });
    }
  });
});
