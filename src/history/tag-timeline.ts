import type { Digest } from '../registry/digest.ts';
import { beginsStretch, type ChangeKind, type Ending, type Entry, endingBy } from './entry.ts';
import { type Fact, isFound } from './fact.ts';
import { announcementOf } from './found.ts';
import { compareInstants, type Instant, isSameInstant } from './instant.ts';
import { originOf, regionsOf, type Told, withTelling } from './replicas.ts';

/** A digest that a tag points to: since which entry, and when it was last pushed there. */
export interface Holding {
  readonly digest: Digest;
  readonly stretch: Instant;
  readonly lastPush: Instant;
}

/** What a tag points to at some instant, and which pushes before it other replicas may still tell. */
export interface TagState {
  /** What it points to, or pointed to last. */
  readonly holding?: Holding;
  /** When it stopped pointing to that: the manifest was deleted, or the tag removed. Absent while it points to it. */
  readonly endedAt?: Instant;
  readonly told: readonly Told[];
  /** The newest event that told a push of what it points to, while it does: what is found then may be that push. */
  readonly pushEvent?: Instant | undefined;
}

/** A tag that nothing is known of. */
export const unseenTag: TagState = { told: [] };

/** The digest a tag in this state points to, or `undefined`. */
export function heldDigest(state: Pick<TagState, 'holding' | 'endedAt'>): Digest | undefined {
  return state.endedAt === undefined ? state.holding?.digest : undefined;
}

/** A tag's story from some state on. */
export interface TagStory {
  readonly entries: readonly Entry[];
  readonly after: TagState;
}

/**
 * Tells a tag's story onward from a state: its own facts (pushes and untags) and the first-told deletions, as their manifests tell them, of
 * what it may have pointed to, all after that state. A deletion of another digest than the one it points to says nothing about the tag and makes no entry.
 */
export function tellTag(before: TagState, own: readonly Fact[], deletions: readonly Entry[]): TagStory {
  const deletionOf = new Map(deletions.map((deletion) => [deletion.fact, deletion]));
  const facts = [...own, ...deletionOf.keys()].sort((a, b) => compareInstants(a.at, b.at));
  const entries: Entry[] = [];
  let state = before;
  for (const fact of facts) {
    const deletion = deletionOf.get(fact);
    const entry = deletion === undefined ? ownEntry(state, fact, own) : deletionEntry(state, deletion);
    if (entry === undefined) continue;
    if (entry.replicaOf !== undefined) addRegion(entries, originOf(fact, state.told), fact.location);
    entries.push(entry);
    state = stateAfter(state, entry);
  }
  return { entries: withEnds(entries), after: state };
}

/** The state a tag is in after recorded entries, given in order and without a gap since a stretch began. */
export function stateAfterAll(entries: readonly Entry[]): TagState {
  return entries.reduce(stateAfter, unseenTag);
}

/** Adds a copy's region to the entry of its first telling, when that is among the entries. */
export function addRegion(entries: Entry[], origin: Told | undefined, location: string | undefined): void {
  const index = entries.findLastIndex(({ fact }) => isSameInstant(fact.at, origin?.at));
  const entry = entries[index];
  if (entry !== undefined) entries[index] = { ...entry, locations: regionsOf(...entry.locations, location) };
}

function withEnds(entries: readonly Entry[]): readonly Entry[] {
  const ended: Entry[] = [];
  let until: Ending | undefined;
  for (const entry of entries.toReversed()) {
    const begins = beginsStretch(entry);
    ended.push(begins && until !== undefined ? { ...entry, until } : entry);
    if (begins) until = endingBy(entry.fact);
  }
  return ended.reverse();
}

function ownEntry(state: TagState, fact: Fact, own: readonly Fact[]): Entry {
  if (fact.action === 'untag') return untagEntry(state, fact);
  const standing = heldDigest(state) === fact.digest ? state.pushEvent : undefined;
  const announcement = isFound(fact) ? announcementOf(fact, standing, own) : undefined;
  return announcement === undefined
    ? pushEntry(state, fact)
    : { fact, kind: 'unchanged', replicaOf: announcement.id, locations: [] };
}

/** An untag was found some time after it happened: when the tag had ended or moved otherwise, that explains it. */
function untagEntry(state: TagState, fact: Fact): Entry {
  const entry: Entry = { fact, kind: 'untagged', locations: [] };
  if (heldDigest(state) === fact.digest) return entry;
  const explainedBy = state.endedAt ?? state.holding?.stretch;
  return explainedBy === undefined ? entry : { ...entry, replicaOf: explainedBy.id };
}

function pushEntry(state: TagState, fact: Fact): Entry {
  const locations = regionsOf(fact.location);
  const origin = originOf(fact, state.told);
  if (origin !== undefined) return { fact, kind: 'unchanged', replicaOf: origin.at.id, locations };
  const held = heldDigest(state);
  if (held !== undefined && held !== fact.digest) {
    return { fact, kind: 'moved', previousDigest: held, locations };
  }
  return { fact, kind: kindOfReturn(held !== undefined, state.holding?.digest === fact.digest), locations };
}

/** What a push is to a tag (or, by digest, to a manifest) that is there, was there as it is now, or never was. */
export function kindOfReturn(present: boolean, wasThere: boolean): ChangeKind {
  if (present) return 'unchanged';
  return wasThere ? 'restored' : 'created';
}

function deletionEntry(state: TagState, { fact, locations }: Entry): Entry | undefined {
  return heldDigest(state) === fact.digest ? { fact, kind: 'deleted', locations } : undefined;
}

function stateAfter(state: TagState, entry: Entry): TagState {
  const { fact, kind, replicaOf } = entry;
  if (fact.action === 'delete') return { ...state, endedAt: fact.at };
  if (fact.action === 'untag') return replicaOf === undefined ? { ...state, endedAt: fact.at } : state;
  const origin = replicaOf === undefined ? undefined : originOf(fact, state.told);
  if (replicaOf !== undefined) {
    const isOfHeld = heldDigest(state) === fact.digest;
    const copied = { ...state, pushEvent: isOfHeld ? pushEventAfter(state, fact) : state.pushEvent };
    // A copy whose first telling lies before what was read is too old to matter to what follows.
    return origin === undefined ? copied : { ...copied, told: withTelling(fact, origin, state.told) };
  }
  const told = withTelling(fact, origin, state.told);
  const holding = { digest: fact.digest, stretch: fact.at, lastPush: fact.at };
  if (kind !== 'unchanged' || state.holding === undefined) {
    return { holding, told, pushEvent: pushEventAfter({}, fact) };
  }
  const { stretch } = state.holding;
  return { holding: { ...holding, stretch }, told, pushEvent: pushEventAfter(state, fact) };
}

function pushEventAfter({ pushEvent }: Pick<TagState, 'pushEvent'>, fact: Fact): Instant | undefined {
  return isFound(fact) ? pushEvent : fact.at;
}
