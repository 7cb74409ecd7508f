import type { Digest } from '../registry/digest.ts';
import type { ManifestRelations } from './manifest-reasons.ts';

/**
 * What somebody else wants to delete of a repository, by rules of their own: everything else stays, and what no rule of
 * ours is about is not kept for that.
 */
export interface Asked {
  readonly tags: ReadonlySet<string>;
  readonly digests: ReadonlySet<Digest>;
}

/** Adds what registries delete along with it: whatever signs, describes or attests what was asked about, at any depth. */
export function withReferrers(asked: Asked, { referrers }: Pick<ManifestRelations, 'referrers'>): Asked {
  const digests = new Set(asked.digests);
  for (const digest of digests) for (const referrer of referrers.get(digest) ?? []) digests.add(referrer);
  return { tags: asked.tags, digests };
}
