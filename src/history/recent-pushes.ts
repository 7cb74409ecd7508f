import { type Fact, isFound } from './fact.ts';
import { replicaWindowMs } from './replicas.ts';

/**
 * A tag's pushes of the last {@link replicaWindowMs} that were first told or found, as short hints: enough to know that a push cannot be
 * another replica's copy of one of them, or announce what was found, without reading the timeline.
 */
export interface RecentPushes {
  /** Oldest first. */
  readonly pushes: readonly RecentPush[];
  /** Epoch milliseconds up to which pushes were left out, when there were too many. */
  readonly incompleteUntil?: number;
}

/** A push's time in epoch milliseconds, and the first characters of its digest's hexadecimal part. */
export interface RecentPush {
  readonly time: number;
  readonly hint: string;
}

const most = 32;
const hintLength = 10;

function hintOf(digest: string): string {
  const start = digest.indexOf(':') + 1;
  return digest.slice(start, start + hintLength);
}

/** Whether this push may tell a recent one again; `false` is certain. */
export function mayRepeat(recent: RecentPushes, fact: Fact): boolean {
  const since = fact.at.time - replicaWindowMs;
  if (recent.incompleteUntil !== undefined && recent.incompleteUntil >= since) return true;
  return recent.pushes.some((push) => push.time >= since && push.hint === hintOf(fact.digest));
}

/** The hints of pushes first told or found, given oldest first, as they stand at the newest of them. */
export function recentOf(facts: readonly Fact[], newest: number): RecentPushes {
  return bounded(
    facts.filter(isHinted).map((fact) => ({ time: fact.at.time, hint: hintOf(fact.digest) })),
    newest,
  );
}

/** The hints with the newest push added. */
export function withPush(recent: RecentPushes, fact: Fact): RecentPushes {
  const added = !isHinted(fact) ? [] : [{ time: fact.at.time, hint: hintOf(fact.digest) }];
  return bounded([...recent.pushes, ...added], fact.at.time, recent.incompleteUntil);
}

/** Pushes that a replica may repeat, or that an event may yet announce. */
function isHinted(fact: Fact): boolean {
  return fact.location !== undefined || isFound(fact);
}

function bounded(pushes: readonly RecentPush[], newest: number, incompleteUntil?: number): RecentPushes {
  const since = newest - replicaWindowMs;
  const inWindow = pushes.filter((push) => push.time >= since);
  const kept = inWindow.slice(-most);
  const leftOut = inWindow.at(-kept.length - 1)?.time ?? incompleteUntil;
  return leftOut === undefined || leftOut < since
    ? { pushes: kept }
    : { pushes: kept, incompleteUntil: leftOut };
}
