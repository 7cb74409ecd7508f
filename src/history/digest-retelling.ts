import type { Digest } from '../registry/digest.ts';
import type { Change } from './change.ts';
import { type DigestState, tellDigest, unseenDigest } from './digest-timeline.ts';
import { type Entry, saysTheSame } from './entry.ts';
import { type Fact, isFound } from './fact.ts';
import { mayAnnounce } from './found.ts';
import type { ManifestHead, Versioned } from './head.ts';
import { type Instant, isAfter, isSameInstant, laterOf } from './instant.ts';
import { replicaWindowMs } from './replicas.ts';

/** Whether a push or delete follows all that is known of the manifest, so that its head is enough to tell it. */
export function isNextOfDigest(fact: Fact, head: ManifestHead | undefined): boolean {
  if (head === undefined) return true;
  if (isFound(fact) || !isAfter(fact.at, head.newest) || mayAnnounce(fact, head.lastFound)) return false;
  if (fact.tag !== undefined || fact.location === undefined) return true;
  const last = fact.action === 'push' ? head.lastDirectPush : head.lastDelete;
  return last === undefined || fact.at.time - last.time > replicaWindowMs;
}

/** A manifest's story corrected for a fact, and the writes that make it so. */
export interface DigestRetelling {
  /** The fact as told. */
  readonly entry: Entry;
  /**
   * First-told deletions that are new, no more, or told by more or fewer regions, and those of which that isn't certain:
   * they may concern tags. In order.
   */
  readonly changedDeletions: readonly Instant[];
  /** First-told deletions, the new one included. */
  readonly deletions: readonly Entry[];
  readonly changes: readonly Change[];
}

/**
 * Tells a push or delete of a manifest. `lookback` holds the manifest's entries, in order, all of them, when the fact
 * isn't its next; `retold` holds pushes with a tag as their tags tell them now, the fact's own among them. When it may
 * have been told in part before, no recorded entry that it could have changed counts as told.
 */
export function retellDigest(
  fact: Fact,
  head: Versioned<ManifestHead> | undefined,
  lookback: readonly Entry[] | undefined,
  retold: readonly Entry[],
  isPartlyTold: boolean,
): DigestRetelling {
  const before = lookback === undefined ? stateOf(head?.value) : unseenDigest;
  const existing = lookback ?? [];
  // Told from the head alone, the story begins with the fact: what was retold before it is in the head already.
  const later =
    lookback === undefined ? retold.filter((told) => isSameInstant(told.fact.at, fact.at)) : retold;
  const tagged = taggedPushes(existing, later);
  const own = existing.map((entry) => entry.fact).filter((known) => known.tag === undefined);
  const isOwn = fact.tag === undefined && !own.some((known) => isSameInstant(known.at, fact.at));
  const { entries, after } = tellDigest(before, tagged, isOwn ? [...own, fact] : own);
  const entry = entries.find((told) => isSameInstant(told.fact.at, fact.at));
  if (entry === undefined) throw new Error('a fact told nothing of its manifest');
  const counted = isPartlyTold
    ? existing.filter((was) => was.fact.at.time < fact.at.time - replicaWindowMs)
    : existing;
  const rewritten = entries.filter((told) => {
    const was = counted.find((other) => isSameInstant(other.fact.at, told.fact.at));
    return told !== entry && told.fact.tag === undefined && (was === undefined || !saysTheSame(was, told));
  });
  return {
    entry,
    // Of what does not count as told, a deletion may have ended tags by rows that say so no more.
    changedDeletions: inOrder([...changed(counted, entries), ...deletionsAmong(existing, counted)]),
    deletions: entries.filter(isFirstToldDeletion),
    changes: [
      ...rewritten.flatMap((told): Change[] => [
        { write: 'record', entry: told, isNew: false },
        { write: 'digest-entry', entry: told },
      ]),
      { write: 'digest-entry', entry },
      { write: 'manifest-head', head: headOf(fact, head?.value, after), over: head?.version ?? 'absent' },
    ],
  };
}

function stateOf(head: ManifestHead | undefined): DigestState {
  return head === undefined ? unseenDigest : { ...unseenDigest, presence: head.presence };
}

function taggedPushes(existing: readonly Entry[], retold: readonly Entry[]): readonly Entry[] {
  const known = existing
    .filter((entry) => entry.fact.tag !== undefined)
    .filter((entry) => !retold.some((other) => isSameInstant(other.fact.at, entry.fact.at)));
  return [...known, ...retold];
}

/** Whether an entry is a deletion and not another replica's copy of one. */
export function isFirstToldDeletion(entry: Entry): boolean {
  return entry.fact.action === 'delete' && entry.replicaOf === undefined;
}

function changed(existing: readonly Entry[], entries: readonly Entry[]): readonly Instant[] {
  const was = existing.filter(isFirstToldDeletion);
  const is = entries.filter(isFirstToldDeletion);
  const isSame = (a: Entry, b: Entry) => isSameInstant(a.fact.at, b.fact.at) && saysTheSame(a, b);
  const only = (some: readonly Entry[], others: readonly Entry[]) =>
    some.filter((one) => !others.some((other) => isSame(one, other)));
  return [...only(was, is), ...only(is, was)].map((entry) => entry.fact.at);
}

function deletionsAmong(existing: readonly Entry[], counted: readonly Entry[]): readonly Instant[] {
  return existing
    .filter((entry) => entry.fact.action === 'delete' && !counted.includes(entry))
    .map((entry) => entry.fact.at);
}

function inOrder(instants: readonly Instant[]): readonly Instant[] {
  return instants.toSorted((a, b) => a.time - b.time);
}

function headOf(fact: Fact, head: ManifestHead | undefined, after: DigestState): ManifestHead {
  const digest: Digest = fact.digest;
  const lastDelete = fact.action === 'delete' ? laterOf(fact.at, head?.lastDelete) : head?.lastDelete;
  const lastFound = isFound(fact) ? laterOf(fact.at, head?.lastFound) : head?.lastFound;
  const isDirect = fact.action === 'push' && fact.tag === undefined;
  const lastDirectPush = isDirect ? laterOf(fact.at, head?.lastDirectPush) : head?.lastDirectPush;
  return {
    digest,
    presence: after.presence === 'deleted' ? 'deleted' : 'present',
    newest: laterOf(fact.at, head?.newest),
    ...(lastDelete === undefined ? {} : { lastDelete }),
    ...(lastDirectPush === undefined ? {} : { lastDirectPush }),
    ...(lastFound === undefined ? {} : { lastFound }),
  };
}
