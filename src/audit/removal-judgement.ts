import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import type { Digest } from '../registry/digest.ts';
import { present } from '../registry/present.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { deletionJudged, type Judgement, type ResolvedClaim, untagJudged } from '../workloads/judgement.ts';
import { type Removal, usesDetail, type WayBack, wayBack } from '../workloads/removal.ts';
import type { KnownClaim } from '../workloads/use.ts';
import type { Log } from './ports.ts';
import { manifestsAbove, resolveClaims, sourceCoverage, type UsesPorts } from './uses.ts';
import type { ManifestLinks } from './workload-ports.ts';

/** Asks a registry whether it keeps a deleted manifest to be restored. */
export interface DeletedManifests {
  /** `undefined` when it cannot be known. */
  isRestorable(repository: RepositoryId, digest: Digest): Promise<boolean | undefined>;
}

export interface RemovalJudgementPorts extends UsesPorts {
  readonly links: ManifestLinks;
  readonly deleted: DeletedManifests;
  readonly log: Log;
}

/** A removal judged with all that inventories have said so far. */
export interface JudgedRemoval {
  readonly judgement: Judgement;
  readonly sources: readonly SourceCoverage[];
  /** Sources from which nothing can be concluded. */
  readonly inDoubt: readonly string[];
  readonly wayBack: WayBack;
}

/** Where else a digest is looked for, at most. */
const mostPlaces = 20;

/** What inventories have said of a repository so far. */
export interface InventoriesTold {
  readonly sources: readonly SourceCoverage[];
  readonly known: readonly KnownClaim[];
  readonly resolved: readonly ResolvedClaim[];
}

function claimsTold(ports: UsesPorts) {
  const coverage = sourceCoverage(ports);
  return async (repository: RepositoryId): Promise<Omit<InventoriesTold, 'resolved'>> => {
    // Before the claims: a look that ends in between is taken for older than it is, never for more than was read of it.
    const sources = await coverage();
    return { sources, known: await Array.fromAsync(ports.claims.ofRepository(repository)) };
  };
}

/** Reads what inventories have said of a repository, with every digest that it may need. */
export function inventoriesTold(ports: UsesPorts) {
  const read = claimsTold(ports);
  const resolve = resolveClaims(ports);
  return async (repository: RepositoryId): Promise<InventoriesTold> => {
    const told = await read(repository);
    return { ...told, resolved: await resolve(repository, told.known) };
  };
}

/** Judges what a removal hits, and finds how what went can be had again; by what inventories told, where that was read. */
export function judgeRemoval(ports: RemovalJudgementPorts) {
  const read = claimsTold(ports);
  const readResolved = inventoriesTold(ports);
  const aboveOf = manifestsAbove(ports);
  const { links, deleted, log } = ports;

  async function elsewhere(removal: Removal): Promise<readonly RepositoryId[]> {
    const places = (await links.places(removal.digest)).filter(
      ({ registry, repository }) => registry !== removal.registry || repository !== removal.repository,
    );
    const some = places.slice(0, mostPlaces);
    const presences = await Promise.all(some.map((place) => links.presence(place, removal.digest)));
    return some.filter((_, index) => presences[index] === 'present');
  }

  async function isRestorable(removal: Removal): Promise<boolean> {
    try {
      return (await deleted.isRestorable(removal, removal.digest)) === true;
    } catch (error) {
      // The finding is worth more than this part of it.
      log.warn('soft delete not asked', { registry: removal.registry, error: String(error) });
      return false;
    }
  }

  async function judged(removal: Removal, told: InventoriesTold | undefined) {
    const repository = { registry: removal.registry, repository: removal.repository };
    if (removal.tag !== undefined) {
      const { sources, known } = told ?? (await read(repository));
      return { sources, judgement: untagJudged(removal.tag, known, wholeCoverage(sources)) };
    }
    const [{ sources, resolved }, above] = await Promise.all([
      told ?? readResolved(repository),
      aboveOf(repository, removal.digest),
    ]);
    return { sources, judgement: deletionJudged(above, resolved, wholeCoverage(sources)) };
  }

  return async (removal: Removal, told?: InventoriesTold): Promise<JudgedRemoval> => {
    const { sources, judgement } = await judged(removal, told);
    const inDoubt = sources.filter(({ condition }) => condition !== 'fresh').map(({ source }) => source);
    if (judgement.answer === 'unused') {
      return { judgement, sources, inDoubt, wayBack: { steps: [], elsewhere: [] } };
    }
    const [places, restorable] = await Promise.all([
      elsewhere(removal),
      removal.tag === undefined ? isRestorable(removal) : false,
    ]);
    return {
      judgement,
      sources,
      inDoubt,
      wayBack: wayBack(removal, { isRestorable: restorable, elsewhere: places }),
    };
  };
}

/** The removal that a record tells of. */
export function removalOf({ registry, repository, fact }: AuditRecord): Removal {
  const { digest, tag, at, notBefore, client, attribution } = fact;
  return {
    registry,
    repository,
    digest,
    record: at.id,
    at: at.time,
    ...present({
      tag: fact.action === 'untag' ? tag : undefined,
      notBefore,
      // What the registry's log says is surer than what the client says.
      by: attribution?.identity ?? client.actor ?? client.userAgent,
    }),
  };
}

/** The key of the state that tells the last judgement of a manifest or tag. */
export function verdictKey({ digest, tag }: Pick<Removal, 'digest' | 'tag'>): string {
  return `v|${tag ?? digest}`;
}

/** A judgement as it is recorded: also that nothing needed what went. */
export function verdictContent(
  removal: Removal,
  { judgement, inDoubt, wayBack: back }: Pick<JudgedRemoval, 'judgement' | 'inDoubt' | 'wayBack'>,
  judgedAt: number,
): JsonContent {
  const { answer, state, uses } = judgement;
  const { workloads, workloadCount } = usesDetail(uses);
  return present({
    digest: removal.digest,
    tag: removal.tag,
    record: removal.record,
    at: removal.at,
    notBefore: removal.notBefore,
    by: removal.by,
    answer,
    state,
    workloads,
    workloadCount,
    inDoubt: inDoubt.slice(0, 50),
    elsewhere: back.elsewhere,
    judgedAt,
  });
}
