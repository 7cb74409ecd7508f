import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { usesOf, type Via } from '../workloads/judgement.ts';
import type { Certainty, KnownClaim } from '../workloads/use.ts';
import { manifestsAbove, resolveClaims, sourceCoverage, type UsesPorts } from './uses.ts';
import type { Claims } from './workload-ports.ts';

/** Which uses are asked for: of a repository, tag or digest, of a source, or all; now, or at a time. */
export interface UsesQuery {
  readonly image?: RepositoryId & { readonly tag?: string; readonly digest?: Digest };
  readonly source?: string;
  /** Epoch milliseconds. */
  readonly at?: number;
}

/** A claim, with what it may need. */
export interface ListedUse {
  readonly claim: KnownClaim;
  readonly certainty: Certainty;
  readonly digests: readonly Digest[];
  /** How the digest asked for is needed. */
  readonly via?: Via;
  /** When it was last seen, in epoch milliseconds: its end, or the last complete look at its source. */
  readonly lastSeen: number;
}

/** Uses with what may be concluded from their sources. */
export interface UsesListing {
  readonly uses: readonly ListedUse[];
  readonly sources: readonly SourceCoverage[];
  readonly coverage: ReturnType<typeof wholeCoverage>;
}

/** Lists who uses what, by all that the inventories have said. */
export function listUses(ports: UsesPorts & { readonly claims: Claims }) {
  const coverageNow = sourceCoverage(ports);
  const resolve = resolveClaims(ports);
  const aboveOf = manifestsAbove(ports);
  const { claims } = ports;

  async function claimsFor({ image, source, at }: UsesQuery, sources: readonly SourceCoverage[]) {
    if (image !== undefined) {
      const all = await Array.fromAsync(claims.ofRepository(image, at));
      return source === undefined ? all : all.filter((claim) => claim.source === source);
    }
    const names = source === undefined ? sources.map((one) => one.source) : [source];
    const lists = await Promise.all(names.map((name) => Array.fromAsync(claims.ofSource(name, at))));
    return lists.flat();
  }

  return async (query: UsesQuery): Promise<UsesListing> => {
    const { image, at } = query;
    const sources = await coverageNow();
    const found = await claimsFor(query, sources);
    const looks = new Map(sources.map(({ source, state }) => [source, state?.completeAt]));
    const byRepository = Map.groupBy(found, ({ registry, repository }) => `${registry}/${repository}`);
    const uses: ListedUse[] = [];
    for (const some of byRepository.values()) {
      const [first] = some;
      if (first === undefined) continue;
      const repository = { registry: first.registry, repository: first.repository };
      const resolved = await resolve(repository, some, at);
      const ways =
        image?.digest === undefined
          ? undefined
          : new Map(
              usesOf(await aboveOf(repository, image.digest), resolved).map(({ claim, via }) => [
                claim.id,
                via,
              ]),
            );
      for (const { claim, certainty, digests } of resolved) {
        const via = ways?.get(claim.id);
        if (ways !== undefined && via === undefined) continue;
        if (image?.digest === undefined && image?.tag !== undefined && claim.tag !== image.tag) continue;
        const lastSeen = claim.endedAt ?? Math.max(claim.firstSeen, looks.get(claim.source) ?? 0);
        uses.push({
          claim,
          certainty,
          digests: [...digests],
          lastSeen,
          ...(via === undefined ? {} : { via }),
        });
      }
    }
    return { uses, sources, coverage: wholeCoverage(sources) };
  };
}
