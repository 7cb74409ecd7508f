import type { Digest } from '../registry/digest.ts';
import type { Fact } from './fact.ts';
import { type Instant, isSameInstant } from './instant.ts';

/**
 * What a fact changed. `created`: the tag (or, pushed by digest, the manifest) was not there. `moved`: the tag pointed
 * to another digest. `unchanged`: pushed again as it was. `restored`: back as it was before it was deleted.
 * `deleted`: the manifest was deleted, and the tags it held ended. `untagged`: only the tag was removed.
 */
export type ChangeKind = 'created' | 'moved' | 'unchanged' | 'restored' | 'deleted' | 'untagged';

/** When something ended; with a window, it ended some time since `notBefore` (epoch milliseconds). */
export interface Ending extends Instant {
  readonly notBefore?: number;
}

/** When what went before ended by a fact. */
export function endingBy({ at, notBefore }: Fact): Ending {
  return notBefore === undefined ? at : { ...at, notBefore };
}

/** A fact and what it meant. All but the fact follows from the facts around it, and is corrected when one comes late. */
export interface Entry {
  readonly fact: Fact;
  readonly kind: ChangeKind;
  /** The digest the tag pointed to until then, when it was moved. */
  readonly previousDigest?: Digest;
  /** Record id of the push or delete of which this one only tells the copy to another replica. */
  readonly replicaOf?: string;
  /** Regions that told it, in alphabetical order: its own and those of its replicas. */
  readonly locations: readonly string[];
  /** When what this entry began ended (the tag's next change); absent while it lasts and on `unchanged`. */
  readonly until?: Ending;
}

/** Whether an entry began a stretch of the tag's timeline: all do but repeats and copies to replicas. */
export function beginsStretch(entry: Entry): boolean {
  return entry.replicaOf === undefined && entry.kind !== 'unchanged';
}

/** Whether two tellings of the same fact say the same. */
export function saysTheSame(a: Entry, b: Entry): boolean {
  return (
    a.kind === b.kind &&
    a.previousDigest === b.previousDigest &&
    a.replicaOf === b.replicaOf &&
    (a.until === undefined ? b.until === undefined : isSameInstant(a.until, b.until)) &&
    a.until?.notBefore === b.until?.notBefore &&
    a.locations.join() === b.locations.join()
  );
}
