import type { HistoryPages } from '../audit/history-pages.ts';
import type { ListedUse } from '../audit/list-uses.ts';
import { resolveClaims } from '../audit/uses.ts';
import type { TagEntries } from '../audit/workload-ports.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import { inferringTag, type KnownClaim } from '../workloads/use.ts';

/** What was found out about the tags that uses name, as far as it was asked for. */
export interface LookedUp {
  /** What the tag of a claim points to, or why that is not known. */
  heldBy(claim: KnownClaim): Digest | 'nothing' | 'not-audited' | 'not-looked-up';
  /** Digests that a use may need, those that its tag held included. */
  digestsOf(use: ListedUse): readonly Digest[];
}

export interface LookUpPorts {
  readonly tagEntries: TagEntries;
  readonly pages: Pick<HistoryPages, 'entryAsOf'>;
  readonly registries: readonly AcceptedRegistry[];
}

/**
 * Looks up what the tags that uses name point to, or pointed to, by a bounded number of queries: one for a tag, and another
 * where a use knows its tag alone. The tags that come first are looked up.
 */
export function lookUp({ tagEntries, pages, registries }: LookUpPorts) {
  const audited = new Set(registries.map(({ loginServer }) => loginServer));
  const resolveUses = resolveClaims({ tags: tagEntries });

  return async (uses: readonly ListedUse[], time: number, mostQueries: number): Promise<LookedUp> => {
    const named = uses.map(({ claim }) => claim).filter(({ tag, registry }) => tag && audited.has(registry));
    const byTag = [...Map.groupBy(named, tagKey)];
    let left = mostQueries;
    const held = new Map<string, Digest | undefined>();
    const inferred = new Map<string, readonly Digest[]>();
    await Promise.all(
      byTag.map(async ([key, claims]) => {
        const [first] = claims;
        const inferring = claims.filter((claim) => inferringTag(claim) !== undefined);
        const queries = inferring.length > 0 ? 2 : 1;
        if (first === undefined || queries > left) return;
        left -= queries;
        const [entry, resolved] = await Promise.all([
          pages.entryAsOf(first, first.tag ?? '', time),
          resolveUses(first, inferring, time, 1),
        ]);
        const isHeld = entry !== undefined && entry.kind !== 'deleted' && entry.kind !== 'untagged';
        held.set(key, isHeld ? entry.fact.digest : undefined);
        for (const { claim, digests, isCut } of resolved) {
          // A part of them would be taken for all.
          if (!isCut) inferred.set(claim.id, [...digests]);
        }
      }),
    );
    return {
      heldBy(claim) {
        if (!audited.has(claim.registry)) return 'not-audited';
        const key = tagKey(claim);
        return held.has(key) ? (held.get(key) ?? 'nothing') : 'not-looked-up';
      },
      digestsOf: ({ claim, digests }) => inferred.get(claim.id) ?? digests,
    };
  };
}

function tagKey({ registry, repository, tag }: KnownClaim): string {
  return `${registry}/${repository}:${tag ?? ''}`;
}
