import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { wholeCoverage } from '../workloads/coverage.ts';
import { usesOf } from '../workloads/judgement.ts';
import type { KnownClaim } from '../workloads/use.ts';
import type { ListedUse, UsesListing } from './list-uses.ts';
import { manifestsAbove, resolveClaims, sourceCoverage, type UsesPorts } from './uses.ts';
import type { Claims } from './workload-ports.ts';

/** Who needed a digest, now and ever; `isCut` where there was more than is told. */
export interface UsesOverTime extends Pick<UsesListing, 'uses' | 'coverage'> {
  readonly isCut: boolean;
}

/** Claims looked at for one answer: those that are open first, then the youngest. */
const mostClaims = 5_000;
const mostUses = 1_000;
/** Claims of the past that are resolved together: each by the history of its tag until it ended. */
const mostAtOnce = 16;

/** Lists who needed a digest at any time, by all that the inventories have said. */
export function usesOverTime(ports: UsesPorts & { readonly claims: Pick<Claims, 'everOfRepository'> }) {
  const coverageNow = sourceCoverage(ports);
  const resolve = resolveClaims(ports);
  const aboveOf = manifestsAbove(ports);

  return async (repository: RepositoryId, digest: Digest): Promise<UsesOverTime> => {
    const sources = await coverageNow();
    const looks = new Map(sources.map(({ source, state }) => [source, state?.completeAt]));
    const above = await aboveOf(repository, digest);
    const claims: KnownClaim[] = [];
    let isCut = false;
    for await (const claim of ports.claims.everOfRepository(repository)) {
      isCut = claims.length === mostClaims;
      if (isCut) break;
      claims.push(claim);
    }
    const ended = claims.filter(({ endedAt }) => endedAt !== undefined);
    const open = claims.filter(({ endedAt }) => endedAt === undefined);
    const resolved = [...(await resolve(repository, open))];
    for (let start = 0; start < ended.length; start += mostAtOnce) {
      const some = ended.slice(start, start + mostAtOnce);
      const each = await Promise.all(some.map((claim) => resolve(repository, [claim], claim.endedAt)));
      resolved.push(...each.flat());
    }
    const ways = new Map(usesOf(above, resolved).map(({ claim, via }) => [claim, via]));
    const uses = resolved.flatMap(({ claim, certainty, digests, isCut: isClaimCut }): ListedUse[] => {
      const via = ways.get(claim);
      if (via === undefined) return [];
      const lastSeen = claim.endedAt ?? Math.max(claim.firstSeen, looks.get(claim.source) ?? 0);
      return [{ claim, certainty, digests: [...digests], isCut: isClaimCut, via, lastSeen }];
    });
    const told = uses
      .toSorted((a, b) => a.claim.firstSeen - b.claim.firstSeen || (a.claim.id < b.claim.id ? -1 : 1))
      .slice(0, mostUses);
    return { uses: told, coverage: wholeCoverage(sources), isCut: isCut || told.length < uses.length };
  };
}
