import type { Entry } from '../history/entry.ts';
import type { Digest } from '../registry/digest.ts';
import type { Claim, ClaimState } from './claim.ts';

/** A claim as it is kept, with when it was seen. Times are epoch milliseconds by our clock. */
export interface KnownClaim extends Claim {
  /** 32 hexadecimal digits, the same for the same claim. */
  readonly id: string;
  readonly firstSeen: number;
  /** When a complete look no longer found it; absent while it is claimed. */
  readonly endedAt?: number;
}

/**
 * How a claim comes to need a digest. `exact`: the platform reported it, or the reference names it. `inferred`: the platform
 * knows a tag only, and the tag held the digest since the revision was created.
 */
export type Certainty = 'exact' | 'inferred';

/** Milliseconds by which a platform's clock and the registry's may differ. */
export const clockSkewMs = 15 * 60_000;

/** The tag whose history says which digests a claim may have pulled; `undefined` when the claim is exact. */
export function inferringTag({ digest, tag }: Claim): string | undefined {
  return digest === undefined ? tag : undefined;
}

/** From when on a claim may have pulled what its tag held, in epoch milliseconds; 0 when nobody knows. */
export function pullableSince({ since }: Claim): number {
  return since === undefined ? 0 : Math.max(0, since - clockSkewMs);
}

/** Digests that a tag held, and whether all of them are known. */
export interface HeldDigests {
  readonly digests: ReadonlySet<Digest>;
  /** The tag's history was too long to be read to its beginning. */
  readonly isCut: boolean;
}

/** Entries of a tag that are read back for one claim at most. */
const mostEntries = 5_000;

/**
 * Which digests a tag held from a time (epoch milliseconds) on, from its entries, newest first: each that was pushed since,
 * and the one it held then.
 */
export async function digestsHeld(newestFirst: AsyncIterable<Entry>, since: number): Promise<HeldDigests> {
  const digests = new Set<Digest>();
  let count = 0;
  for await (const { fact, kind, until, replicaOf } of newestFirst) {
    count += 1;
    if (count > mostEntries) return { digests, isCut: true };
    if (kind === 'deleted' || kind === 'untagged') {
      if (fact.at.time >= since) {
        digests.add(fact.digest);
        continue;
      }
      // The tag had moved on or ended by something else: that tells more.
      if (replicaOf !== undefined) continue;
      // It ended then at the latest; what came before is too old, when even that was.
      break;
    }
    // What a push began may have ended before.
    if (fact.at.time < since && until !== undefined && until.time < since) break;
    digests.add(fact.digest);
    if (fact.at.time < since && kind !== 'unchanged') break;
  }
  return { digests, isCut: false };
}

/** States from the most pressing to the least. */
const order: readonly ClaimState[] = ['running', 'desired', 'rollback'];

/** The most pressing of the states; `undefined` of none. */
export function mostPressing(states: Iterable<ClaimState>): ClaimState | undefined {
  const all = new Set(states);
  return order.find((state) => all.has(state));
}
