import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { RegistryLocks } from '../../src/audit/registry-locks.ts';
import {
  type LockFlags,
  type LockTarget,
  locked,
  manifestTarget,
  tagTarget,
} from '../../src/protection/lock-target.ts';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import type { LockState } from '../../src/registry/lock-state.ts';
import { unlocked } from '../../src/registry/lock-state.ts';
import { memoryRegistryContent } from '../builders/memory-registry-content.ts';
import { memoryRegistryLocks, refusal } from '../builders/memory-registry-locks.ts';
import { accessTo, aFault, locksOf } from '../builders/registry-access.ts';
import { digestOf } from '../builders/registry-event.ts';
import { pushImage, setAttributes } from '../component/acr/image.ts';
import { openTestRegistry } from '../component/acr/test-registry.ts';

/** A registry to change, and the ports to lock it by and to read it by. Image names stand for contents. */
interface Subject {
  readonly locks: RegistryLocks;
  readonly content: RegistryContent;
  push(repository: string, tag: string, image: string): Promise<Digest>;
  /** Forbids that a tag or manifest is listed. */
  hide(repository: string, target: LockTarget): Promise<void>;
  /** Whether the locks of the repository as a whole are as they were. */
  isRepositoryOpen(repository: string): Promise<boolean>;
  /** Refuse every call with 429 from now on, or none. */
  busy(on: boolean): void;
  /** What is not allowed to lock. */
  readonly unauthorized: RegistryLocks;
  close(): Promise<void>;
}

const open = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };

async function standIn(): Promise<Subject> {
  const registry = await openTestRegistry({
    identities: { reader: { password: 'unused', actions: ['pull', 'metadata_read'] } },
  });
  return {
    locks: locksOf(registry).locks,
    content: accessTo(registry).content,
    unauthorized: locksOf(registry, { token: 'reader' }).locks,
    async push(repository, tag, image) {
      const digest = parseDigest(await pushImage(registry, repository, tag, { content: image }));
      if (digest === undefined) throw new Error('The registry gave no digest');
      return digest;
    },
    async hide(repository, target) {
      const item = target.kind === 'tag' ? `_tags/${target.tag}` : `_manifests/${target.digest}`;
      await setAttributes(registry, `${repository}/${item}`, { listEnabled: false });
    },
    async isRepositoryOpen(repository) {
      const { json } = await registry.call('GET', `/acr/v1/${repository}`);
      return JSON.stringify(json).includes(`"changeableAttributes":${JSON.stringify(open)}`);
    },
    busy(on) {
      Object.assign(registry.faults, { throttled: on, retryAfterSeconds: null, failurePath: '/acr/v1/' });
    },
    close: () => registry.dispose(),
  };
}

async function memory(): Promise<Subject> {
  const registry = memoryRegistryContent();
  const { locks, faults } = memoryRegistryLocks(registry);
  const reader = memoryRegistryLocks(registry);
  reader.faults.refuse = () => refusal(401);
  let at = Date.UTC(2026, 4, 2);
  return {
    locks,
    content: registry.content,
    unauthorized: reader.locks,
    async push(repository, tag, image) {
      at += 1;
      registry.repository(repository).push(tag, digestOf(image), at);
      return digestOf(image);
    },
    async hide(repository, target) {
      const item = target.kind === 'tag' ? { tag: target.tag } : { digest: target.digest };
      registry.repository(repository).lock(item, { canList: false });
    },
    isRepositoryOpen: async () => true,
    busy(on) {
      faults.refuse = () => (on ? refusal(429) : undefined);
    },
    close: async () => undefined,
  };
}

const repository = 'team/app';

describe.each([
  ['a registry', standIn],
  ['memory', memory],
])('when the locks of %s are set', (_, make) => {
  let subject: Subject;

  beforeAll(async () => {
    subject = await make();
  });
  afterEach(() => subject.busy(false));
  afterAll(() => subject.close());

  async function readBack(target: LockTarget): Promise<LockState | undefined> {
    const { content } = subject;
    const seen =
      target.kind === 'tag'
        ? await content.tag(repository, target.tag)
        : await content.manifest(repository, target.digest);
    return seen?.locks;
  }

  it('locks a manifest, and not its tag', async () => {
    const digest = await subject.push(repository, 'manifest', 'manifest');
    expect(await subject.locks.set(repository, manifestTarget(digest), locked)).toBe('set');
    expect(await readBack(manifestTarget(digest))).toEqual({ ...unlocked, ...locked });
    expect(await readBack(tagTarget('manifest'))).toEqual(unlocked);
  });

  it('locks a tag, and not its manifest', async () => {
    const digest = await subject.push(repository, 'tag', 'tag');
    expect(await subject.locks.set(repository, tagTarget('tag'), locked)).toBe('set');
    expect(await readBack(tagTarget('tag'))).toEqual({ ...unlocked, ...locked });
    expect(await readBack(manifestTarget(digest))).toEqual(unlocked);
  });

  it.each<LockFlags>([
    { canDelete: false, canWrite: true },
    { canDelete: true, canWrite: false },
    { canDelete: true, canWrite: true },
  ])('sets each flag as told: %j', async (flags) => {
    const digest = await subject.push(repository, 'flags', 'flags');
    for (const target of [manifestTarget(digest), tagTarget('flags')]) {
      await subject.locks.set(repository, target, locked);
      expect(await subject.locks.set(repository, target, flags)).toBe('set');
      expect(await readBack(target)).toEqual({ ...unlocked, ...flags });
      expect(await subject.locks.set(repository, target, flags)).toBe('set');
      expect(await readBack(target)).toEqual({ ...unlocked, ...flags });
      await subject.locks.set(repository, target, unlocked);
    }
  });

  it('leaves what may be read and listed as it is, even when it is handed more', async () => {
    const digest = await subject.push(repository, 'hidden', 'hidden');
    const more: LockState = { ...locked, canRead: false, canList: true };
    for (const target of [manifestTarget(digest), tagTarget('hidden')]) {
      await subject.hide(repository, target);
      expect(await subject.locks.set(repository, target, more)).toBe('set');
      expect(await readBack(target)).toEqual({ ...locked, canRead: true, canList: false });
    }
  });

  it('says that a tag, a manifest or a repository is missing', async () => {
    await subject.push(repository, 'there', 'there');
    const absent = manifestTarget(digestOf('absent'));
    expect(await subject.locks.set(repository, tagTarget('absent'), locked)).toBe('missing');
    expect(await subject.locks.set(repository, absent, locked)).toBe('missing');
    expect(await subject.locks.set('team/absent', tagTarget('there'), locked)).toBe('missing');
    expect(await subject.locks.set('team/absent', absent, locked)).toBe('missing');
  });

  it.each([
    '{"kind": "tag", "tag": ""}',
    '{"kind": "tag"}',
    '{"kind": "repository"}',
    '{"kind": "manifest", "digest": ""}',
    '{"kind": "manifest"}',
    '{}',
  ])('never locks a whole repository: there is no target %s', async (text) => {
    await subject.push(repository, 'whole', 'whole');
    // Neither compiles; what is stored could say anything.
    const stored: LockTarget = JSON.parse(text);
    await expect(subject.locks.set(repository, stored, locked)).rejects.toBeInstanceOf(TypeError);
    expect(await readBack(tagTarget('whole'))).toEqual(unlocked);
    expect(await subject.isRepositoryOpen(repository)).toBe(true);
  });

  it('does nothing without the right to, and says that asking again is of no use', async () => {
    const digest = await subject.push(repository, 'unauthorized', 'unauthorized');
    for (const target of [manifestTarget(digest), tagTarget('unauthorized')]) {
      await expect(subject.unauthorized.set(repository, target, locked)).rejects.toMatchObject(
        aFault('registry-401', false),
      );
      expect(await readBack(target)).toEqual(unlocked);
    }
  });

  it('says that a busy registry may be asked again', async () => {
    const digest = await subject.push(repository, 'busy', 'busy');
    subject.busy(true);
    await expect(subject.locks.set(repository, manifestTarget(digest), locked)).rejects.toMatchObject(
      aFault('registry-429', true),
    );
    subject.busy(false);
    expect(await readBack(manifestTarget(digest))).toEqual(unlocked);
  });
});

describe('when locks in memory are told to misbehave', () => {
  function oneImage() {
    const registry = memoryRegistryContent();
    registry.repository(repository).push('v1', digestOf('one'), 1);
    return { ...memoryRegistryLocks(registry), content: registry.content };
  }

  it.each([
    [401, false],
    [405, false],
    [429, true],
    [503, true],
  ])('refuses what it is told to with %i, and counts every call', async (status, retryable) => {
    const { locks, faults, calls, content } = oneImage();
    faults.refuse = (call) => (call.endsWith('tag:v1') ? refusal(status) : undefined);
    await expect(locks.set(repository, tagTarget('v1'), locked)).rejects.toMatchObject(
      aFault(`registry-${status}`, retryable),
    );
    expect(await locks.set(repository, manifestTarget(digestOf('one')), locked)).toBe('set');
    expect(await content.tag(repository, 'v1')).toMatchObject({ locks: unlocked });
    expect(calls).toEqual([
      { call: 'team/app tag:v1', flags: locked },
      { call: `team/app ${digestOf('one')}`, flags: locked },
    ]);
  });

  it('sets a lock whose answer is lost', async () => {
    const { locks, faults, content } = oneImage();
    faults.losesAnswer = () => true;
    await expect(locks.set(repository, tagTarget('v1'), locked)).rejects.toMatchObject(
      aFault('registry-silent', true),
    );
    expect(await content.tag(repository, 'v1')).toMatchObject({ locks: { ...unlocked, ...locked } });
  });

  it('tells the lock from before until it arrives', async () => {
    const { locks, faults, content, arrive } = oneImage();
    faults.isLate = () => true;
    expect(await locks.set(repository, tagTarget('v1'), locked)).toBe('set');
    expect(await content.tag(repository, 'v1')).toMatchObject({ locks: unlocked });
    arrive();
    expect(await content.tag(repository, 'v1')).toMatchObject({ locks: { ...unlocked, ...locked } });
  });
});
