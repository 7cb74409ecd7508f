import type { Log } from '../../src/audit/ports.ts';
import type { Uses } from '../../src/audit/protection-ports.ts';
import type { OwnedLock } from '../../src/protection/owned-lock.ts';
import { readOwnedLock } from '../../src/protection/owned-lock-content.ts';
import type { Policy } from '../../src/protection/policy.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import type { CallSites } from './call-sites.ts';
import { type MemoryItem, memoryRegistryContent } from './memory-registry-content.ts';
import { memoryRegistryLocks } from './memory-registry-locks.ts';
import type { TableFaults } from './memory-table.ts';
import { protectedId, protectionApp } from './protection-app.ts';
import { digestOf } from './registry-event.ts';

/** When everything was pushed (epoch milliseconds). */
export const pushedAt = Date.UTC(2026, 4, 1);

/** What is in the repository: an index of two as `prod`, and images of one manifest. */
export const images = {
  index: digestOf('index'),
  arm: digestOf('arm'),
  amd: digestOf('amd'),
  plain: digestOf('plain'),
  other: digestOf('other'),
};

/** Everything that is locked for `prod`. */
export const ofProd: readonly MemoryItem[] = [
  { digest: images.arm },
  { digest: images.amd },
  { digest: images.index },
  { tag: 'prod' },
];

/** Inventories that were read completely, lately, and in which nothing is used. */
export const nothingUsed: Uses = {
  of: async (_, digests) => ({
    uses: new Map(digests.map((digest) => [digest, 'unused'])),
    coverage: { complete: true, fresh: true },
  }),
};

/** A registry with an index of two children as `prod` and an image as `v1`, and the app that protects it. */
export function imageToProtect(
  options: {
    readonly policy?: Policy;
    readonly uses?: Uses;
    readonly faults?: TableFaults;
    readonly log?: Log;
    readonly sites?: CallSites;
  } = {},
) {
  const registry = memoryRegistryContent();
  const repository = registry.repository(protectedId.repository);
  repository.push(undefined, images.arm, pushedAt);
  repository.push(undefined, images.amd, pushedAt);
  repository.pushIndex('prod', images.index, [images.arm, images.amd], pushedAt);
  repository.push('v1', images.plain, pushedAt);
  const memory = memoryRegistryLocks(registry);
  const app = protectionApp({ content: registry.content, locks: memory.locks, ...options });

  async function flagsOf(item: MemoryItem): Promise<readonly [boolean, boolean] | undefined> {
    const seen =
      'tag' in item
        ? await registry.content.tag(protectedId.repository, item.tag)
        : await registry.content.manifest(protectedId.repository, item.digest);
    return seen && [seen.locks.canDelete, seen.locks.canWrite];
  }

  return {
    registry,
    repository,
    memory,
    app,
    /** `canDelete` and `canWrite`. */
    flagsOf,
    flagsOfAll: (items: readonly MemoryItem[]) => Promise.all(items.map(flagsOf)),
    /** The locks that are recorded as set here. */
    async owned(): Promise<readonly OwnedLock[]> {
      const stored = await Array.fromAsync(stateReader(app.tables.repositories).states(protectedId, 'k|'));
      return stored.flatMap(({ content }) => readOwnedLock(content) ?? []);
    },
    /** Approves for an hour and one release, unless told otherwise, and enforces; answers the approval's id. */
    async release(image: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
      const outcome = await app.approve(image, { retainFor: 'PT1H', retainReleases: 1, ...more });
      if (outcome.outcome !== 'approved') throw new Error(JSON.stringify(outcome));
      await app.enforce();
      return outcome.approval.id;
    },
    /** Calls that allowed something, after the first so many of all calls. */
    unlocksAfter: (calls: number) =>
      memory.calls.slice(calls).filter(({ flags }) => flags.canDelete || flags.canWrite),
  };
}

/** Of all manifests, those that a sweep of untagged ones takes: what is locked in any way is passed over, with what it lists. */
export async function sweep(
  { registry, repository }: Pick<ReturnType<typeof imageToProtect>, 'registry' | 'repository'>,
  digests: readonly Digest[],
): Promise<readonly Digest[]> {
  const name = protectedId.repository;
  const spared = new Set<Digest>();
  const swept: Digest[] = [];
  for (const digest of digests) {
    const seen = await registry.content.manifest(name, digest);
    if (seen === undefined || !seen.locks.canDelete || !seen.locks.canWrite) continue;
    // Only here does the sweep look at what an index lists: of a locked one, it never does.
    if (!seen.isTagged) continue;
    for (const child of (await registry.content.document(name, digest))?.children ?? [])
      spared.add(child.digest);
  }
  for (const digest of digests) {
    const seen = await registry.content.manifest(name, digest);
    if (seen === undefined || seen.isTagged || spared.has(digest)) continue;
    if (!seen.locks.canDelete || !seen.locks.canWrite) continue;
    repository.deleteManifest(digest);
    swept.push(digest);
  }
  return swept;
}
