import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { usesOf, type Via } from '../workloads/judgement.ts';
import { type Certainty, inferringTag, type KnownClaim } from '../workloads/use.ts';
import { resolveClaims, someAbove, sourceCoverage, type UsesPorts } from './uses.ts';
import type { Claims, ManifestLinks } from './workload-ports.ts';

/** Which uses are asked for: of a repository, tag or digest, of a source, or all; now, or at a time. */
export interface UsesQuery {
  readonly image?: RepositoryId & { readonly tag?: string; readonly digest?: Digest };
  readonly source?: string;
  /** Epoch milliseconds. */
  readonly at?: number;
  /** How much may be read for the answer; as much as there is where it does not say. */
  readonly most?: UsesBounds;
}

/** How much may be read for an answer that a page shows. What is not read is never taken for not there. */
export interface UsesBounds {
  readonly claims: number;
  /** Tags whose histories are read, each by one query, for claims that know no digest. */
  readonly tags: number;
  /** Questions for indexes above a manifest. */
  readonly above: number;
}

/** A claim, with what it may need. */
export interface ListedUse {
  readonly claim: KnownClaim;
  readonly certainty: Certainty;
  readonly digests: readonly Digest[];
  /** It may need further digests: the history of its tag was not read, or not to its beginning. */
  readonly isCut: boolean;
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
  /** There may be more of what was asked for: not all was read that tells of it. */
  readonly isCut: boolean;
}

const everything: UsesBounds = {
  claims: Number.POSITIVE_INFINITY,
  tags: Number.POSITIVE_INFINITY,
  above: Number.POSITIVE_INFINITY,
};

/** Lists who uses what, by all that the inventories have said. */
export function listUses(
  ports: UsesPorts & { readonly claims: Claims; readonly links: Pick<ManifestLinks, 'tagsEver'> },
) {
  const coverageNow = sourceCoverage(ports);
  const resolve = resolveClaims(ports);
  const aboveOf = someAbove(ports);
  const { claims, links } = ports;

  async function claimsFor(
    { image, source, at, most = everything }: UsesQuery,
    sources: readonly SourceCoverage[],
  ): Promise<readonly KnownClaim[]> {
    if (image !== undefined) {
      const all = await firstOf(claims.ofRepository(image, at), most.claims);
      return source === undefined ? all : all.filter((claim) => claim.source === source);
    }
    const names = source === undefined ? sources.map((one) => one.source) : [source];
    const lists = await Promise.all(names.map((name) => firstOf(claims.ofSource(name, at), most.claims)));
    return lists.flat();
  }

  return async (query: UsesQuery): Promise<UsesListing> => {
    const { image, at, most } = query;
    const sources = await coverageNow();
    const all = await claimsFor(query, sources);
    // Whoever names another tag is of no account where a tag is asked for.
    const isOfTag = image?.digest === undefined && image?.tag !== undefined;
    const found = isOfTag ? all.filter(({ tag }) => tag === image.tag) : all;
    const looks = new Map(sources.map(({ source, state }) => [source, state?.completeAt]));
    const byRepository = Map.groupBy(found, ({ registry, repository }) => `${registry}/${repository}`);
    const uses: ListedUse[] = [];
    let isCut = most !== undefined && all.length >= most.claims;
    for (const some of byRepository.values()) {
      const [first] = some;
      if (first === undefined) continue;
      const repository = { registry: first.registry, repository: first.repository };
      const above =
        image?.digest === undefined
          ? undefined
          : await aboveOf(repository, image.digest, most?.above ?? everything.above);
      isCut ||= above?.isCut === true;
      const relevant = above === undefined ? some : await thatMayNeed(repository, above, some);
      const resolved = await resolve(repository, relevant, at, most?.tags);
      const ways = above && new Map(usesOf(above.above, resolved).map(({ claim, via }) => [claim.id, via]));
      for (const { claim, certainty, digests, isCut: isClaimCut } of resolved) {
        isCut ||= ways !== undefined && isClaimCut;
        const via = ways?.get(claim.id);
        if (ways !== undefined && via === undefined) continue;
        const lastSeen = claim.endedAt ?? Math.max(claim.firstSeen, looks.get(claim.source) ?? 0);
        uses.push({
          claim,
          certainty,
          digests: [...digests],
          isCut: isClaimCut,
          lastSeen,
          ...(via === undefined ? {} : { via }),
        });
      }
    }
    return { uses, sources, coverage: wholeCoverage(sources), isCut };
  };

  /**
   * Claims that may need one of some manifests: those that name one, and those of tags that ever pointed to one. The histories
   * of other tags need not be read. All of the claims, where not all of those tags can be known.
   */
  async function thatMayNeed(
    repository: RepositoryId,
    { above, isCut }: Awaited<ReturnType<typeof aboveOf>>,
    some: readonly KnownClaim[],
  ): Promise<readonly KnownClaim[]> {
    if (isCut || above.size > mostDigests || !some.some((claim) => inferringTag(claim) !== undefined))
      return some;
    const tags = new Set<string>();
    for (const held of await Promise.all(
      [...above.keys()].map((digest) => links.tagsEver(repository, digest)),
    )) {
      if (held === undefined) return some;
      for (const tag of held) tags.add(tag);
    }
    return some.filter((claim) => {
      const tag = inferringTag(claim);
      return tag === undefined || tags.has(tag);
    });
  }
}

/** Manifests whose tags are asked for: of more, the histories of all tags are read instead. */
const mostDigests = 16;

/** The first of a sequence, which is read no further. */
async function firstOf<T>(items: AsyncIterable<T>, most: number): Promise<readonly T[]> {
  const first: T[] = [];
  for await (const item of items) {
    first.push(item);
    if (first.length >= most) break;
  }
  return first;
}
