import type { Digest } from '../registry/digest.ts';
import type { RetentionManifest } from './repository-content.ts';

/**
 * The order in which manifests are deleted: an index before what it lists, and what something is about before that. Cut off
 * anywhere, no index is left without its parts, and nothing is left that signs what went before it. An index may also list
 * what it is about, at some depth: then it goes before that all the same.
 */
export function deletionOrder(going: readonly RetentionManifest[]): readonly RetentionManifest[] {
  const ordered = orderedBy(going, true);
  if (ordered.length === going.length) return ordered;
  const placed = new Set(ordered);
  const others = going.filter((manifest) => !placed.has(manifest));
  // A digest names its own content, so nothing lists itself at any depth; were it so after all, it would be kept.
  return [...ordered, ...orderedBy(others, false)];
}

/** What nothing has to go before, then what only these have to, and so on; what is in a ring is left out. */
function orderedBy(
  going: readonly RetentionManifest[],
  subjectsFirst: boolean,
): readonly RetentionManifest[] {
  const known = new Map(going.map((manifest) => [manifest.digest, manifest]));
  const below = new Map<Digest, Digest[]>();
  for (const { digest, children, subject } of going) {
    for (const child of children) if (known.has(child)) push(below, digest, child);
    if (subjectsFirst && subject !== undefined && known.has(subject)) push(below, subject, digest);
  }
  const above = new Map<Digest, number>();
  for (const digests of below.values()) {
    for (const digest of digests) above.set(digest, (above.get(digest) ?? 0) + 1);
  }
  const ordered: RetentionManifest[] = [];
  const free = going.filter(({ digest }) => !above.has(digest));
  for (let next = free.pop(); next !== undefined; next = free.pop()) {
    ordered.push(next);
    for (const digest of below.get(next.digest) ?? []) {
      const left = (above.get(digest) ?? 0) - 1;
      above.set(digest, left);
      const manifest = known.get(digest);
      if (left === 0 && manifest !== undefined) free.push(manifest);
    }
  }
  return ordered;
}

function push(lists: Map<Digest, Digest[]>, key: Digest, value: Digest): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
