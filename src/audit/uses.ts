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

/** Entries of one tag that are read where little may be: one query. */
const mostEntries = 100;

/** What may be concluded from each source now. */
export function sourceCoverage({ sources, states, clock }: Pick<UsesPorts, 'sources' | 'states' | 'clock'>) {
  return async (): Promise<readonly SourceCoverage[]> => coverageOf(sources, await states.all(), clock.now());
}

/**
 * Finds for claims every digest they may need: what is inferred from a tag, by the tag's own history, as far as that went by a
 * time (epoch milliseconds) when one is given. `mostTags`: of more tags nothing is read, and of each of these one query; what
 * is not known by that is cut.
 */
export function resolveClaims({ tags }: Pick<UsesPorts, 'tags'>) {
  return async (
    repository: RepositoryId,
    claims: readonly KnownClaim[],
    at = Number.POSITIVE_INFINITY,
    mostTags?: number,
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
        [...since].slice(0, mostTags).map(async ([tag, from]) => {
          const most = mostTags === undefined ? Number.POSITIVE_INFINITY : mostEntries;
          return [tag, await readSince(tags, repository, tag, from, at, most)] as const;
        }),
      ),
    );
    return Promise.all(
      claims.map(async (claim): Promise<ResolvedClaim> => {
        const tag = inferringTag(claim);
        if (tag === undefined) {
          const digests = new Set(claim.digest === undefined ? [] : [claim.digest]);
          return { claim, certainty: 'exact', digests, isCut: false };
        }
        const history = histories.get(tag);
        if (history === undefined) return { claim, certainty: 'inferred', digests: new Set(), isCut: true };
        const held = await digestsHeld(inOrder(history.entries), pullableSince(claim));
        return { claim, certainty: 'inferred', ...held, isCut: held.isCut || history.isCut };
      }),
    );
  };
}

/** A manifest and those above it: the indexes that list it, and what it is about. */
export function manifestsAbove(ports: Pick<UsesPorts, 'links'>) {
  const find = someAbove(ports);
  return async (repository: RepositoryId, digest: Digest): Promise<Above> =>
    (await find(repository, digest, Number.POSITIVE_INFINITY)).above;
}

/** The same, by at most so many questions for indexes that list one; `isCut` when there may be more above. */
export function someAbove({ links }: Pick<UsesPorts, 'links'>) {
  return async (
    repository: RepositoryId,
    digest: Digest,
    mostReads: number,
  ): Promise<{ readonly above: Above; readonly isCut: boolean }> => {
    const above = new Map<Digest, Via>([[digest, 'itself']]);
    let [left, isCut] = [mostReads, false];

    async function climb(): Promise<void> {
      let level: readonly Digest[] = [digest];
      for (let count = 0; count < mostLevels && level.length > 0; count += 1) {
        const asked = level.slice(0, left);
        isCut ||= asked.length < level.length;
        left -= asked.length;
        const parents = await Promise.all(asked.map((child) => links.parents(repository, child)));
        level = [...new Set(parents.flat())].filter((parent) => !above.has(parent));
        for (const parent of level) above.set(parent, 'index');
      }
    }

    const [about] = await Promise.all([links.subject(repository, digest), climb()]);
    if (about !== undefined && !above.has(about)) above.set(about, 'subject');
    return { above, isCut };
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
  most: number,
): Promise<{ readonly entries: readonly Entry[]; readonly isCut: boolean }> {
  const entries: Entry[] = [];
  let [read, isCut] = [0, false];
  async function* kept() {
    for await (const entry of tags.tagEntries(repository, tag)) {
      read += 1;
      if (entry.fact.at.time <= at) {
        entries.push(entry);
        yield entry;
      }
      // Before another is asked for: it may take another query.
      if (read === most) {
        isCut = true;
        return;
      }
    }
  }
  await digestsHeld(kept(), since);
  return { entries, isCut };
}

async function* inOrder<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
