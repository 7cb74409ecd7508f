import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registryDeletions } from '../../src/acr/registry-deletions.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { RegistryDeletions } from '../../src/audit/retention-ports.ts';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { accessTo, aFault, credential } from '../builders/registry-access.ts';
import { digestOf } from '../builders/registry-event.ts';
import { pushImage, setAttributes } from '../component/acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

const repository = 'team/app';

describe('when something is deleted from a registry', () => {
  let registry: TestRegistry;
  let content: RegistryContent;
  let waits: number[] = [];

  beforeAll(async () => {
    registry = await openTestRegistry({
      identities: {
        reader: { password: 'unused', actions: ['pull', 'metadata_read'] },
        deleter: { password: 'unused', actions: ['pull', 'metadata_read', 'delete'] },
      },
    });
    ({ content } = accessTo(registry));
  });
  afterEach(() => {
    waits = [];
    Object.assign(registry.faults, { throttled: false, failurePath: undefined });
  });
  afterAll(() => registry.dispose());

  function deletions(token = 'deleter', more: { readonly perMinute?: number } = {}): RegistryDeletions {
    let time = 0;
    const pause = async (ms: number) => {
      waits.push(ms);
      time += ms;
    };
    return registryDeletions({
      endpoint: registry.url,
      ca: registry.ca,
      credential: credential(token),
      retry: { pause: async () => undefined, random: () => 0, attempts: 3 },
      pause,
      now: () => time,
      ...more,
    });
  }

  async function push(tag: string, image: string, of = repository): Promise<Digest> {
    const digest = parseDigest(await pushImage(registry, of, tag, { content: image }));
    if (digest === undefined) throw new Error('The registry gave no digest');
    return digest;
  }

  it('a tag goes, and its manifest stays', async () => {
    const digest = await push('v1', 'one');
    expect(await deletions().untag(repository, 'v1')).toEqual({ outcome: 'deleted' });
    expect(await content.tag(repository, 'v1')).toBeUndefined();
    expect(await content.manifest(repository, digest)).toMatchObject({ isTagged: false });
  });

  it('a manifest goes with its tags, by its digest alone', async () => {
    const digest = await push('v2', 'two');
    const other = await push('v3', 'three');
    expect(await deletions().deleteManifest(repository, digest)).toEqual({ outcome: 'deleted' });
    expect(await content.tag(repository, 'v2')).toBeUndefined();
    expect(await content.manifest(repository, digest)).toBeUndefined();
    expect(await content.manifest(repository, other)).toBeDefined();
  });

  it('what is not there is absent', async () => {
    await push('v4', 'four');
    const absent = { outcome: 'absent' };
    expect(await deletions().untag(repository, 'nowhere')).toEqual(absent);
    expect(await deletions().deleteManifest(repository, digestOf('never pushed'))).toEqual(absent);
    expect(await deletions().deleteManifest('team/nowhere', digestOf('never pushed'))).toEqual(absent);
  });

  it('what is locked is refused, and stays as it is', async () => {
    const digest = await push('locked', 'locked');
    await setAttributes(registry, `${repository}/_manifests/${digest}`, { deleteEnabled: false });
    await setAttributes(registry, `${repository}/_tags/locked`, { deleteEnabled: false });
    const refused = { outcome: 'refused', code: 'registry-405' };
    expect(await deletions().untag(repository, 'locked')).toEqual(refused);
    expect(await deletions().deleteManifest(repository, digest)).toEqual(refused);
    const seen = await content.manifest(repository, digest);
    expect(seen).toMatchObject({ isTagged: true, locks: { canDelete: false } });
  });

  it('an identity without the right is refused', async () => {
    const digest = await push('kept', 'kept');
    expect(await deletions('reader').deleteManifest(repository, digest)).toMatchObject({
      outcome: 'refused',
      code: expect.stringMatching(/^registry-40[13]$/),
    });
    expect(await content.manifest(repository, digest)).toBeDefined();
  });

  it('a busy registry is asked again, and then the fault may be repeated', async () => {
    await push('busy', 'busy');
    Object.assign(registry.faults, { throttled: true, retryAfterSeconds: null, failurePath: '/acr/v1/' });
    await expect(deletions().untag(repository, 'busy')).rejects.toMatchObject(aFault('registry-429', true));
  });

  it('no more is begun in a minute than is allowed', async () => {
    const slow = deletions('deleter', { perMinute: 60 });
    for (let count = 0; count < 3; count += 1) await slow.untag(repository, 'nowhere');
    expect(waits).toEqual([1_000, 1_000]);
  });

  it('nothing is sent for what is no name, no tag and no digest', async () => {
    await expect(deletions().deleteManifest(repository, '' as Digest)).rejects.toThrow(TypeError);
    await expect(deletions().deleteManifest(repository, 'v3' as Digest)).rejects.toThrow(TypeError);
    expect(() => deletions().untag(repository, '')).toThrow('is no name');
    expect(() => deletions().untag('', 'v3')).toThrow('is no name');
    expect(await content.tag(repository, 'v3')).toBeDefined();
  });
});
