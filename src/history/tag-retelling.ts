import type { Digest } from '../registry/digest.ts';
import type { Change } from './change.ts';
import { beginsStretch, type Entry, endingBy, saysTheSame } from './entry.ts';
import { type Fact, isFound } from './fact.ts';
import type { Edge, TagHead, Versioned } from './head.ts';
import { earlierOf, type Instant, isAfter, isSameInstant, laterOf } from './instant.ts';
import { mayRepeat, recentOf, withPush } from './recent-pushes.ts';
import { replicaWindowMs } from './replicas.ts';
import {
  type Holding,
  heldDigest,
  stateAfterAll,
  type TagState,
  tellTag,
  unseenTag,
} from './tag-timeline.ts';

/** What has to be read of a tag before a fact out of order, or one that may be a copy, can be told. */
export interface TagLookback {
  /** In order: from the beginning of the stretch before {@link lookbackStart}, without a gap, to the newest. */
  readonly entries: readonly Entry[];
  /** First-told deletions, since {@link tellingStart}, of every digest the tag pointed to since. */
  readonly deletions: readonly Entry[];
}

/** Epoch milliseconds since which a tag's story may change by a fact at `time`. */
export function tellingStart(time: number): number {
  return time - replicaWindowMs;
}

/**
 * Epoch milliseconds since which all of a tag's entries are needed to retell it for a fact at `time`: those that an
 * entry since {@link tellingStart} may be a copy of, and those that such a one's other copies might be mistaken for.
 */
export function lookbackStart(time: number): number {
  return time - 3 * replicaWindowMs;
}

/** Whether a push follows all that is known of the tag, so that its head is enough to tell it. */
export function isNextPush(push: Fact, head: TagHead | undefined): boolean {
  if (head === undefined) return true;
  if (push.action !== 'push' || isFound(push)) return false;
  const isNewest = [head.newestPush, head.endedAt, head.lastUntag].every((at) => isAfter(push.at, at));
  return isNewest && !mayRepeat(head.recent, push);
}

/** A tag's story corrected for a fact, and the writes that make it so. */
export interface TagRetelling {
  /** Entries that are new or say something new, in order. */
  readonly told: readonly Entry[];
  /** Entries that no longer hold, such as the end by a deletion that came after the tag had moved on. */
  readonly removed: readonly Entry[];
  readonly changes: readonly Change[];
}

/** Tells a push that {@link isNextPush}: one new entry, the tag's head moved forward, what it ends marked. */
export function tellNextPush(push: Fact, tag: string, head: Versioned<TagHead> | undefined): TagRetelling {
  const before = head === undefined ? unseenTag : stateOf(head.value);
  const { entries, after } = tellTag(before, [push], []);
  const entry = entries[0];
  const holding = after.holding;
  if (entry === undefined || holding === undefined) throw new Error('a push told nothing');
  const recent = withPush(head?.value.recent ?? { pushes: [] }, push);
  const ended = endedBy(entry, before);
  return {
    told: [entry],
    removed: [],
    changes: [
      { write: 'tag-entry', tag, entry },
      ...ended.map((at): Change => ({ write: 'tag-entry-end', tag, at, until: endingBy(push) })),
      ...leftEdge(before, tag, holding, push.at),
      { write: 'edge', edge: { tag, ...holding } },
      {
        write: 'tag-head',
        head: {
          tag,
          holding,
          newestPush: push.at,
          oldestPush: head?.value.oldestPush ?? push.at,
          ...lastUntagOf([], head?.value),
          recent,
        },
        over: head?.version ?? 'absent',
      },
    ],
  };
}

function stateOf({ holding, endedAt }: TagHead): TagState {
  return { holding, ...(endedAt === undefined ? {} : { endedAt }), told: [] };
}

function endedBy(entry: Entry, before: TagState): readonly Instant[] {
  const last = before.endedAt ?? before.holding?.stretch;
  return beginsStretch(entry) && last !== undefined ? [last] : [];
}

function leftEdge(before: TagState, tag: string, now: Holding, until: Instant): readonly Change[] {
  const { holding } = before;
  if (holding === undefined || heldDigest(before) === undefined || holding.digest === now.digest) return [];
  return [{ write: 'edge', edge: { tag, ...holding, until } }];
}

/** What a tag is retold from. */
export interface TagRetellingInput {
  readonly tag: string;
  /** Epoch milliseconds of the fact that it is retold for. */
  readonly time: number;
  readonly head: Versioned<TagHead> | undefined;
  readonly lookback: TagLookback;
  /** The fact, when it is a push to the tag or its untag and not a deletion among the lookback's. */
  readonly added?: Fact;
  /** Whether the fact may have been told in part before: no recorded entry that it could change counts as told. */
  readonly isPartlyTold: boolean;
}

/**
 * Tells a tag's story again around a fact and finds which rows have to change. Facts that came in any order end in the
 * same rows.
 */
export function retellTag(input: TagRetellingInput): TagRetelling {
  const { tag, time, head, lookback, added, isPartlyTold } = input;
  const start = tellingStart(time);
  const settled = lookback.entries.filter((entry) => entry.fact.at.time < start);
  const existing = lookback.entries.filter((entry) => entry.fact.at.time >= start);
  const before = stateAfterAll(settled);
  const known = existing.map((entry) => entry.fact).filter((fact) => fact.action !== 'delete');
  const isKnown = added === undefined || known.some((fact) => isSameInstant(fact.at, added.at));
  const own = isKnown ? known : [...known, added];
  const { entries, after } = tellTag(before, own, lookback.deletions);

  const removed = existing.filter((entry) => !entries.some((other) => isSameEntry(entry, other)));
  const told = entries.filter((entry) => {
    // The fact itself is always told: another instance may have written it since, which the commit will find.
    if (isPartlyTold || (added !== undefined && isSameInstant(entry.fact.at, added.at))) return true;
    const was = existing.find((other) => isSameEntry(entry, other));
    return was === undefined || !saysTheSame(was, entry);
  });
  const lastSettled = settled.findLast(beginsStretch);
  const ended = endOf(lastSettled, entries);
  if (told.length === 0 && removed.length === 0 && ended.length === 0) return { told, removed, changes: [] };
  const affected = new Set([...told, ...removed, ...ended].map((entry) => entry.fact.digest));
  if (ended.length > 0 && before.holding) affected.add(before.holding.digest);
  // A deletion or an untag changes no push, and what was read for it may not reach back far enough to list the recent ones.
  const headPushes = added?.action === 'push' ? undefined : head?.value;
  return {
    told,
    removed,
    changes: [
      // First, so that where the changes take several transactions none is made after another's.
      ...headChange(tag, after, headPushes ?? pushesOf([...settled, ...entries]), head, entries),
      ...removed.map(({ fact }): Change => ({ write: 'tag-entry-removal', tag, at: fact.at })),
      ...[...ended, ...told].map((entry): Change => ({ write: 'tag-entry', tag, entry })),
      ...edgesOf(tag, before, entries)
        .filter((edge) => affected.has(edge.digest))
        .map((edge): Change => ({ write: 'edge', edge })),
    ],
  };
}

function isSameEntry(a: Entry, b: Entry): boolean {
  return a.fact.action === b.fact.action && isSameInstant(a.fact.at, b.fact.at);
}

/** The last settled stretch's entry, when its end is another than recorded. */
function endOf(last: Entry | undefined, entries: readonly Entry[]): readonly Entry[] {
  if (last === undefined) return [];
  const next = entries.find(beginsStretch);
  const until = next && endingBy(next.fact);
  const { until: was, ...entry } = last;
  if (until === undefined ? was === undefined : isSameInstant(until, was)) return [];
  return [until === undefined ? entry : { ...entry, until }];
}

/** The last stretch of every digest the story tells of. */
function edgesOf(tag: string, before: TagState, entries: readonly Entry[]): readonly Edge[] {
  const edges = new Map<Digest, Edge>();
  let current = before.endedAt === undefined && before.holding ? { tag, ...before.holding } : undefined;
  const set = (edge: Edge | undefined) => edge && edges.set(edge.digest, edge);
  set(current);
  for (const { fact, kind, replicaOf } of entries) {
    if (replicaOf !== undefined) continue;
    if (kind === 'unchanged') {
      current = current && { ...current, lastPush: fact.at };
    } else {
      set(current && { ...current, until: fact.at });
      current =
        fact.action === 'push'
          ? { tag, digest: fact.digest, stretch: fact.at, lastPush: fact.at }
          : undefined;
    }
    set(current);
  }
  return [...edges.values()];
}

function headChange(
  tag: string,
  after: TagState,
  pushes: PushesOfHead | undefined,
  head: Versioned<TagHead> | undefined,
  entries: readonly Entry[],
): readonly Change[] {
  if (after.holding === undefined || pushes === undefined) return [];
  const { holding, endedAt } = after;
  const { newestPush, recent } = pushes;
  const oldestPush = earlierOf(pushes.oldestPush, head?.value.oldestPush);
  return [
    {
      write: 'tag-head',
      head: {
        tag,
        holding,
        ...(endedAt === undefined ? {} : { endedAt }),
        newestPush,
        oldestPush,
        ...lastUntagOf(entries, head?.value),
        recent,
      },
      over: head?.version ?? 'absent',
    },
  ];
}

function lastUntagOf(entries: readonly Entry[], head: TagHead | undefined): { readonly lastUntag?: Instant } {
  const told = entries.findLast(({ fact }) => fact.action === 'untag')?.fact.at;
  const lastUntag = told === undefined ? head?.lastUntag : laterOf(told, head?.lastUntag);
  return lastUntag === undefined ? {} : { lastUntag };
}

type PushesOfHead = Pick<TagHead, 'newestPush' | 'oldestPush' | 'recent'>;

function pushesOf(entries: readonly Entry[]): PushesOfHead | undefined {
  const pushes = entries.filter((entry) => entry.fact.action === 'push');
  const newestPush = pushes.at(-1)?.fact.at;
  const oldestPush = pushes[0]?.fact.at;
  if (newestPush === undefined || oldestPush === undefined) return undefined;
  // What was found counts whichever event tells it, as a deletion may change that.
  const recent = pushes.filter(({ fact, replicaOf }) => replicaOf === undefined || isFound(fact));
  const facts = recent.map(({ fact }) => fact);
  return { newestPush, oldestPush, recent: recentOf(facts, newestPush.time) };
}
