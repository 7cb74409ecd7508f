import type { Digest } from '../registry/digest.ts';
import type { LockTarget } from './lock-target.ts';

/** What each manifest needs locked before it. */
export type Needs = ReadonlyMap<Digest, ReadonlySet<Digest>>;

/** What several tellings of needs come to. */
export function mergedNeeds(
  tellings: Iterable<{ readonly target: LockTarget; readonly needs: readonly Digest[] }>,
): Needs {
  const merged = new Map<Digest, Set<Digest>>();
  for (const { target, needs } of tellings) {
    if (target.kind !== 'manifest') continue;
    const all = merged.get(target.digest) ?? new Set();
    merged.set(target.digest, all);
    for (const digest of needs) all.add(digest);
  }
  return merged;
}

/** Orders targets for locking: what is needed before what needs it, tags last. Reversed, it is the order of unlocking. */
export function inLockingOrder<T extends { readonly target: LockTarget }>(
  locks: readonly T[],
  needs: Needs,
): readonly T[] {
  const places = placesOf(needs);
  const placeOf = ({ target }: T) =>
    target.kind === 'tag' ? Number.POSITIVE_INFINITY : (places.get(target.digest) ?? -1);
  const nameOf = ({ target }: T) => (target.kind === 'tag' ? target.tag : target.digest);
  return locks.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)];
    if (first !== second) return first < second ? -1 : 1;
    return nameOf(a) < nameOf(b) ? -1 : 1;
  });
}

/** Everything the given digests need, directly or not, and they themselves. */
export function neededBy(digests: Iterable<Digest>, needs: Needs): ReadonlySet<Digest> {
  const found = new Set<Digest>(digests);
  // A set visits what is added while it is walked.
  for (const digest of found) {
    for (const needed of needs.get(digest) ?? []) found.add(needed);
  }
  return found;
}

/** Each digest's place in an order in which needs come first; a cycle is broken somewhere, always in the same place. */
function placesOf(needs: Needs): ReadonlyMap<Digest, number> {
  const places = new Map<Digest, number>();
  const entered = new Set<Digest>();
  for (const root of [...needs.keys()].sort()) {
    // Not by recursion: what is needed may be nested deeper than a stack.
    const path: { readonly digest: Digest; readonly left: Digest[] }[] = [];
    const enter = (digest: Digest) => {
      if (entered.has(digest)) return;
      entered.add(digest);
      path.push({ digest, left: [...(needs.get(digest) ?? [])].sort() });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      if (next !== undefined) {
        enter(next);
      } else {
        path.pop();
        places.set(top.digest, places.size);
      }
    }
  }
  return places;
}
