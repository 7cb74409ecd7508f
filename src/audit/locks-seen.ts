import type { RepositoryId } from '../history/fact.ts';
import type { LocksSeen, NotSeen } from '../protection/locks-seen.ts';
import type { Digest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { KnownLocks } from './protection-ports.ts';
import type { RegistryContent } from './registry-content.ts';

export interface LocksSeenPorts {
  readonly content: Pick<RegistryContent, 'tag' | 'manifest'>;
  readonly known: Pick<KnownLocks, 'locked'>;
}

/** Locks read at once. */
const mostAtOnce = 8;

/** Locks of others that are looked at in one run. */
const mostOthers = 1_000;

/**
 * Reads the locks of tags and manifests from the registry. Beside them it tells those that the last comparison saw locked,
 * as it saw them. What is refused for good is unreadable, with the reason; a passing fault is thrown.
 */
export function readLocksSeen({ content, known }: LocksSeenPorts) {
  return async (
    repository: RepositoryId,
    digests: ReadonlySet<Digest>,
    tags: ReadonlySet<string>,
  ): Promise<LocksSeen> => {
    const name = repository.repository;
    const manifests = new Map<Digest, { readonly state: 'present'; readonly lock: LockState } | NotSeen>();
    const tagLocks = new Map<
      string,
      { readonly state: 'present'; readonly digest: Digest; readonly lock: LockState } | NotSeen
    >();
    await concurrently(digests, mostAtOnce, async (digest) => {
      const seen = await asked(() => content.manifest(name, digest));
      manifests.set(digest, 'locks' in seen ? { state: 'present', lock: seen.locks } : seen);
    });
    await concurrently(tags, mostAtOnce, async (tag) => {
      const seen = await asked(() => content.tag(name, tag));
      tagLocks.set(tag, 'locks' in seen ? { state: 'present', digest: seen.digest, lock: seen.locks } : seen);
    });
    for (const other of await known.locked(repository, mostOthers)) {
      if ('digest' in other && !manifests.has(other.digest)) {
        manifests.set(other.digest, { state: 'present', lock: other.locks });
      }
    }
    return { manifests, tags: tagLocks };
  };
}

async function asked<T>(ask: () => Promise<T | undefined>): Promise<T | NotSeen> {
  try {
    return (await ask()) ?? { state: 'missing' };
  } catch (error) {
    if (!(error instanceof AuditFault) || error.retryable) throw error;
    return { state: 'unreadable', reason: error.code };
  }
}
