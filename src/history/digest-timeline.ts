import type { Entry } from './entry.ts';
import { type Fact, isFound } from './fact.ts';
import { announcementOf } from './found.ts';
import { compareInstants, type Instant } from './instant.ts';
import { originOf, regionsOf, type Told, withTelling } from './replicas.ts';
import { addRegion, kindOfReturn } from './tag-timeline.ts';

/** Whether a manifest is in its repository at some instant, and which tellings before it replicas may still repeat. */
export interface DigestState {
  /** `never`: no push or delete of it is known. */
  readonly presence: 'never' | 'present' | 'deleted';
  readonly toldPushes: readonly Told[];
  readonly toldDeletes: readonly Told[];
  /** The newest event that told a push of it, while it is there: what is found then may be that push. */
  readonly pushEvent?: Instant | undefined;
  /**
   * The newest event that told its deletion, while nothing but copies to replicas tells a push since: what is found then
   * may be that deletion. A push that was found counts, whichever event tells it, so that which deletions are first told
   * follows from what is known of the manifest alone and not from its tags.
   */
  readonly deleteEvent?: Instant | undefined;
}

/** A manifest that nothing is known of. */
export const unseenDigest: DigestState = { presence: 'never', toldPushes: [], toldDeletes: [] };

/**
 * Tells a manifest's story onward from a state. Pushes with a tag are given as the tag's timeline tells them and only
 * bear on what follows; pushes by digest and deletes are told here.
 */
export function tellDigest(
  before: DigestState,
  taggedPushes: readonly Entry[],
  facts: readonly Fact[],
): { readonly entries: readonly Entry[]; readonly after: DigestState } {
  const tagged = new Map(taggedPushes.map((entry) => [entry.fact, entry]));
  const all = [...tagged.keys(), ...facts].sort((a, b) => compareInstants(a.at, b.at));
  const entries: Entry[] = [];
  let state = before;
  for (const fact of all) {
    const told = fact.action === 'push' ? state.toldPushes : state.toldDeletes;
    const origin = fact.tag === undefined ? originOf(fact, told) : undefined;
    addRegion(entries, origin, fact.location);
    const standing = fact.action === 'push' ? state.pushEvent : state.deleteEvent;
    const announcement = isFound(fact) ? announcementOf(fact, standing, all) : undefined;
    const entry = tagged.get(fact) ?? ownEntry(state, fact, origin?.at ?? announcement);
    entries.push(entry);
    state = stateAfter(state, entry, origin);
  }
  return { entries, after: state };
}

function ownEntry(state: DigestState, fact: Fact, origin: Instant | undefined): Entry {
  const locations = regionsOf(fact.location);
  const copy = origin === undefined ? {} : { replicaOf: origin.id };
  if (fact.action === 'delete') return { fact, kind: 'deleted', locations, ...copy };
  const kind =
    origin === undefined
      ? kindOfReturn(state.presence === 'present', state.presence === 'deleted')
      : 'unchanged';
  return { fact, kind, locations, ...copy };
}

function stateAfter(before: DigestState, entry: Entry, origin: Told | undefined): DigestState {
  const { fact } = entry;
  const presence = presenceAfter(before, entry);
  const state = { ...before, presence, ...eventsAfter(before, entry, presence) };
  if (fact.tag !== undefined || entry.replicaOf !== origin?.at.id) return state;
  const told = fact.action === 'push' ? state.toldPushes : state.toldDeletes;
  const next = withTelling(fact, origin, told);
  return fact.action === 'push' ? { ...state, toldPushes: next } : { ...state, toldDeletes: next };
}

function eventsAfter(
  { pushEvent, deleteEvent }: DigestState,
  { fact, replicaOf }: Entry,
  presence: DigestState['presence'],
): Pick<DigestState, 'pushEvent' | 'deleteEvent'> {
  const isEvent = !isFound(fact);
  const isFirstTold = replicaOf === undefined;
  switch (fact.action) {
    case 'push':
      return {
        pushEvent: isEvent && presence === 'present' ? fact.at : pushEvent,
        deleteEvent: isEvent && !isFirstTold ? deleteEvent : undefined,
      };
    case 'delete':
      return {
        pushEvent: isFirstTold ? undefined : pushEvent,
        deleteEvent: isEvent && (isFirstTold || deleteEvent !== undefined) ? fact.at : deleteEvent,
      };
    case 'untag':
      return { pushEvent, deleteEvent };
  }
}

function presenceAfter(state: DigestState, { fact, replicaOf }: Entry): DigestState['presence'] {
  if (replicaOf !== undefined || fact.action === 'untag') return state.presence;
  return fact.action === 'push' ? 'present' : 'deleted';
}
