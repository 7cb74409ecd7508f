import type { Digest } from '../registry/digest.ts';
import { announcementToleranceMs } from './found.ts';
import type { ManifestHead, TagHead } from './head.ts';
import { heldDigest } from './tag-timeline.ts';

/** A tag or manifest as its registry tells it. `updatedAt` is its last push, in epoch milliseconds. */
export interface Seen {
  readonly digest: Digest;
  readonly updatedAt: number;
}

/** What comparing one tag or manifest with its history comes to. */
export type Difference =
  /** History says the same. */
  | { readonly differs: 'not' }
  /** A push that history lacks, at the registry's own time or somewhere in a window. */
  | { readonly differs: 'pushed'; readonly digest: Digest; readonly at: number; readonly notBefore?: number }
  /** It was there and is no more, since some time in a window. */
  | { readonly differs: 'gone'; readonly digest: Digest; readonly at: number; readonly notBefore: number };

/** What is known of when a comparison is made. Epoch milliseconds. */
export interface Look {
  readonly now: number;
  /** When everything was compared last, as far as known. */
  readonly before?: number;
}

const same: Difference = { differs: 'not' };

/** Compares a tag, as it was read by itself just now, with its head. */
export function compareTag(seen: Seen | undefined, head: TagHead | undefined, look: Look): Difference {
  if (head === undefined) {
    return seen === undefined ? same : { differs: 'pushed', digest: seen.digest, at: seen.updatedAt };
  }
  const held = heldDigest(head);
  const newest = Math.max(head.newestPush.time, head.endedAt?.time ?? 0);
  if (seen === undefined) return held === undefined ? same : gone(held, newest, look);
  if (held === seen.digest && seen.updatedAt <= newest + announcementToleranceMs) return same;
  // What deleted the digest before says nothing of another: the tag may have moved on to it earlier.
  const since = head.holding.digest === seen.digest ? newest : head.newestPush.time;
  return pushed(seen, since, look);
}

/** Compares a manifest, as it was read by itself just now, with its head. */
export function compareManifest(
  seen: Seen | undefined,
  head: ManifestHead | undefined,
  look: Look,
): Difference {
  if (head === undefined) {
    return seen === undefined ? same : { differs: 'pushed', digest: seen.digest, at: seen.updatedAt };
  }
  const isHere = head.presence === 'present';
  if (seen === undefined) return isHere ? gone(head.digest, head.newest.time, look) : same;
  return isHere ? same : pushed(seen, head.newest.time, look);
}

/** A push is dated by the registry, unless history already goes on later: then it was some time since. */
function pushed({ digest, updatedAt }: Seen, newest: number, { now }: Look): Difference {
  if (updatedAt > newest) return { differs: 'pushed', digest, at: updatedAt };
  return { differs: 'pushed', digest, at: Math.max(now, newest + 1), notBefore: newest };
}

function gone(digest: Digest, newest: number, { now, before }: Look): Difference {
  // A time that is yet to come is that of a clock that was wrong: it says nothing of when it was there.
  const notBefore = Math.max(newest, before === undefined || before > now ? 0 : before);
  return { differs: 'gone', digest, at: Math.max(now, newest + 1), notBefore };
}

/** Whether a list alone shows that there is no difference; if not, the tag or manifest is read by itself. */
export function isSettledByList(difference: Difference): boolean {
  return (
    difference.differs === 'not' || (difference.differs === 'pushed' && difference.notBefore === undefined)
  );
}
