import type { RepositoryId } from '../history/fact.ts';
import { type Closure, closureOf, type ManifestGraph, type ManifestNode } from '../protection/closure.ts';
import { referrerKind } from '../protection/referrer-kind.ts';
import type { Digest } from '../registry/digest.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { KnownLocks } from './protection-ports.ts';
import type { RegistryContent } from './registry-content.ts';

export interface ClosuresPorts {
  readonly content: Pick<RegistryContent, 'document' | 'referrers'>;
  readonly known: Pick<KnownLocks, 'tagsWith'>;
}

/** Manifests read at once. */
const mostAtOnce = 8;

/** Manifests of one repository read for one run; what is beyond counts as unread, and keeps everything. */
const mostManifests = 20_000;

/** Steps from a root; the closure's own bound. */
const mostLevels = 8;

/** How tags begin that are about a manifest: cosign's, and those of the referrers tag schema. */
const subjectTagPrefix = 'sha';

/**
 * Reads the closures of some digests from the registry: every index, what is about each manifest, level by level. What
 * cannot be read makes its closure partial, with the reason; a passing fault is thrown, since it says nothing.
 */
export function readClosures({ content, known }: ClosuresPorts) {
  return async (
    repository: RepositoryId,
    roots: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, Closure>> => {
    const tags = await known.tagsWith(repository, subjectTagPrefix);
    const manifests = new Map<Digest, ManifestNode>();
    const graph: ManifestGraph = { manifests, tags };
    let unread = [...new Set(roots)];
    for (let level = 0; level <= mostLevels && unread.length > 0; level += 1) {
      const some = unread.slice(0, mostManifests - manifests.size);
      await concurrently(some, mostAtOnce, async (digest) => {
        manifests.set(digest, await nodeOf(content, repository.repository, digest));
      });
      unread = roots
        .flatMap((root) => closureOf(root, graph).members)
        .map(({ digest }) => digest)
        .filter((digest, index, all) => !manifests.has(digest) && all.indexOf(digest) === index);
      if (some.length === 0) break;
    }
    return new Map(roots.map((root) => [root, closureOf(root, graph)]));
  };
}

async function nodeOf(
  content: ClosuresPorts['content'],
  repository: string,
  digest: Digest,
): Promise<ManifestNode> {
  try {
    const document = await content.document(repository, digest);
    if (document === undefined) return { state: 'missing' };
    const children = [...new Set(document.children.map((child) => child.digest))];
    // Where the registry does not offer the list, the tag schema stands in for it, whose tags are followed anyway:
    // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#unavailable-referrers-api
    const referrers = (await content.referrers(repository, digest)) ?? [];
    return {
      state: 'read',
      children,
      referrers: referrers.filter(({ artifactType }) => referrerKind(artifactType) !== 'other'),
    };
  } catch (error) {
    if (!(error instanceof AuditFault) || error.retryable) throw error;
    return { state: 'unreadable', reason: error.code };
  }
}
