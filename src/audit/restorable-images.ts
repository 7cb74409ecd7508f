import type { RepositoryId } from '../history/fact.ts';
import { AuditFault } from './fault.ts';
import type { DeletedImages, DeletedManifest, DeletedTag } from './restore-ports.ts';

/** What can be restored of a repository, what was deleted last first. */
export interface RestorableImages {
  /** Manifests, with the tags that pointed to them when they were deleted. */
  readonly manifests: readonly (DeletedManifest & { readonly tags: readonly string[] })[];
  /** Tags that were removed from manifests that are there, or are kept no more. */
  readonly tags: readonly DeletedTag[];
  /** Whether there is more than is told. */
  readonly isCut: boolean;
}

/** Manifests, and tags, that are read at most. */
const mostRead = 50_000;

/**
 * Lists what can be restored of a repository, at most so many manifests and tags. @throws AuditFault `restore-off` where
 * nothing restores, or when the registry could not be asked.
 */
export function restorableImages({ deleted }: { readonly deleted: ReadonlyMap<string, DeletedImages> }) {
  return async ({ registry, repository }: RepositoryId, limit: number): Promise<RestorableImages> => {
    const images = deleted.get(registry);
    if (images === undefined) {
      throw new AuditFault('restore-off', `no identity may restore in ${registry}`, { retryable: false });
    }
    const manifests = await firstOf(images.manifests(repository));
    const tags = await firstOf(images.tags(repository));
    const byDigest = Map.groupBy(tags, ({ digest }) => digest);
    const known = new Set(manifests.map(({ digest }) => digest));
    const others = tags.filter(({ digest }) => !known.has(digest));
    return {
      manifests: manifests
        .sort(lastFirst)
        .slice(0, limit)
        .map((manifest) => {
          const names = (byDigest.get(manifest.digest) ?? []).map(({ tag }) => tag);
          return { ...manifest, tags: [...new Set(names)].sort() };
        }),
      tags: others.sort(lastFirst).slice(0, limit),
      isCut:
        [manifests, tags].some(({ length }) => length === mostRead) ||
        manifests.length > limit ||
        others.length > limit,
    };
  };
}

async function firstOf<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) {
    items.push(...page.slice(0, mostRead - items.length));
    if (items.length === mostRead) break;
  }
  return items;
}

function lastFirst(a: { readonly deletedAt?: number }, b: { readonly deletedAt?: number }): number {
  return (b.deletedAt ?? 0) - (a.deletedAt ?? 0);
}
