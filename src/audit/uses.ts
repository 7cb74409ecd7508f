import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { coverageOf, type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { type Above, type ResolvedClaim, useAnswer, usesOf, type Via } from '../workloads/judgement.ts';
import type { Source } from '../workloads/source.ts';
import { digestsHeld, inferringTag, type KnownClaim, pullableSince } from '../workloads/use.ts';
import type { Clock } from './ports.ts';
import type { Uses } from './protection-ports.ts';
import type { Claims, ManifestLinks, SourceStates, TagEntries } from './workload-ports.ts';

export interface UsesPorts {
  readonly sources: readonly Source[];
  readonly states: Pick<SourceStates, 'all'>;
  readonly claims: Pick<Claims, 'ofRepository'>;
  readonly tags: TagEntries;
  readonly links: Pick<ManifestLinks, 'parents' | 'subject'>;
  readonly clock: Clock;
}

/** Indexes of indexes that are followed upward. */
const mostLevels = 4;

/** What may be concluded from each source now. */
export function sourceCoverage({ sources, states, clock }: Pick<UsesPorts, 'sources' | 'states' | 'clock'>) {
  return async (): Promise<readonly SourceCoverage[]> => coverageOf(sources, await states.all(), clock.now());
}

/**
 * Finds for claims every digest they may need: what is inferred from a tag, by the tag's own history, as far as that went by a
 * time (epoch milliseconds) when one is given.
 */
export function resolveClaims({ tags }: Pick<UsesPorts, 'tags'>) {
  return async (
    repository: RepositoryId,
    claims: readonly KnownClaim[],
    at = Number.POSITIVE_INFINITY,
  ): Promise<readonly ResolvedClaim[]> => {
    // One reading of a tag for all that name it, back to the earliest time that some of them may have pulled it.
    const since = new Map<string, number>();
    for (const claim of claims) {
      const tag = inferringTag(claim);
      if (tag === undefined) continue;
      since.set(tag, Math.min(since.get(tag) ?? Number.POSITIVE_INFINITY, pullableSince(claim)));
    }
    const histories = new Map(
      await Promise.all(
        [...since].map(
          async ([tag, from]) => [tag, await readSince(tags, repository, tag, from, at)] as const,
        ),
      ),
    );
    return Promise.all(
      claims.map(async (claim): Promise<ResolvedClaim> => {
        const tag = inferringTag(claim);
        if (tag === undefined) {
          const digests = new Set(claim.digest === undefined ? [] : [claim.digest]);
          return { claim, certainty: 'exact', digests, isCut: false };
        }
        const entries = histories.get(tag) ?? [];
        return {
          claim,
          certainty: 'inferred',
          ...(await digestsHeld(inOrder(entries), pullableSince(claim))),
        };
      }),
    );
  };
}

/** A manifest and those above it: the indexes that list it, and what it is about. */
export function manifestsAbove({ links }: Pick<UsesPorts, 'links'>) {
  return async (repository: RepositoryId, digest: Digest): Promise<Above> => {
    const above = new Map<Digest, Via>([[digest, 'itself']]);

    async function climb(): Promise<void> {
      let level: readonly Digest[] = [digest];
      for (let count = 0; count < mostLevels && level.length > 0; count += 1) {
        const parents = await Promise.all(level.map((child) => links.parents(repository, child)));
        level = [...new Set(parents.flat())].filter((parent) => !above.has(parent));
        for (const parent of level) above.set(parent, 'index');
      }
    }

    const [about] = await Promise.all([links.subject(repository, digest), climb()]);
    if (about !== undefined && !above.has(about)) above.set(about, 'subject');
    return above;
  };
}

/** Answers whether digests of a repository are used, from all that inventories have said. */
export function inventoryUses(ports: UsesPorts): Uses {
  const coverage = sourceCoverage(ports);
  const resolve = resolveClaims(ports);
  const aboveOf = manifestsAbove(ports);
  return {
    async of(repository, digests) {
      // Before the claims: a look that ends in between is taken for older than it is, never for more than was read of it.
      const sources = await coverage();
      const claims = await Array.fromAsync(ports.claims.ofRepository(repository));
      const whole = wholeCoverage(sources);
      const resolved = await resolve(repository, claims);
      const uses = new Map<Digest, ReturnType<typeof useAnswer>>();
      for (const digest of digests) {
        const above: Above =
          resolved.length === 0 ? new Map([[digest, 'itself' as const]]) : await aboveOf(repository, digest);
        uses.set(digest, useAnswer(usesOf(above, resolved), resolved, whole));
      }
      return { uses, coverage: whole };
    },
  };
}

async function readSince(
  tags: TagEntries,
  repository: RepositoryId,
  tag: string,
  since: number,
  at: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  async function* kept() {
    for await (const entry of tags.tagEntries(repository, tag)) {
      if (entry.fact.at.time > at) continue;
      entries.push(entry);
      yield entry;
    }
  }
  await digestsHeld(kept(), since);
  return entries;
}

async function* inOrder<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
