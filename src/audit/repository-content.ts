import type { RepositoryId } from '../history/fact.ts';
import { coversRepository, type Hold } from '../protection/hold.ts';
import { readOwnedLock } from '../protection/owned-lock-content.ts';
import { windowsAt } from '../protection/rollback-window.ts';
import type { Digest } from '../registry/digest.ts';
import { present } from '../registry/present.ts';
import type { NeededBy, RepositoryContent } from '../retention/repository-content.ts';
import { keptByWindows } from '../retention/window-reasons.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import type { ResolvedClaim } from '../workloads/judgement.ts';
import { workloadText } from '../workloads/source.ts';
import { approvalOf } from './approvals.ts';
import { AuditFault } from './fault.ts';
import type { StoredState } from './ports.ts';
import type { RecordedStandings } from './retention-ports.ts';
import { cutHistory, doubtsOf } from './still-goes.ts';
import { resolveClaims, sourceCoverage, type UsesPorts } from './uses.ts';

export interface RepositoryContentPorts extends Omit<UsesPorts, 'links'> {
  readonly contents: Pick<RecordedStandings, 'read'>;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  /** Digests of deleted manifests that soft delete keeps; `undefined` when it cannot be told. */
  readonly softDeleted?: (repository: RepositoryId) => Promise<ReadonlySet<Digest> | undefined>;
}

/** What concerns every repository of a registry; to be read before anything of them. */
export interface RegistrySituation {
  readonly sources: readonly SourceCoverage[];
  readonly holds: readonly Hold[];
}

/**
 * Gathers everything that decides what of a repository may go: two queries, and the history of each tag that some workload
 * names without a digest. @throws AuditFault when something could not be read, or is damaged: nothing may go then.
 */
export function repositoryContent(ports: RepositoryContentPorts) {
  const { contents, claims, clock, softDeleted } = ports;
  const coverage = sourceCoverage(ports);
  const resolve = resolveClaims(ports);

  return async (repository: RepositoryId, known?: RegistrySituation): Promise<RepositoryContent> => {
    // Before the claims: a look that ends in between is taken for older than it is, never for more than was read of it.
    const sources = known?.sources ?? (await coverage());
    const holds = known?.holds ?? (await ports.holds(repository.registry));
    const [standing, claimed, deleted] = await Promise.all([
      contents.read(repository),
      Array.fromAsync(claims.ofRepository(repository)),
      softDeleted?.(repository),
    ]);
    const { tags, manifests, states, comparedAt } = standing;
    const now = clock.now();
    const resolved = await resolve(repository, claimed);
    const cut = resolved.filter(({ isCut }) => isCut).map(({ claim }) => cutHistory(workloadText(claim)));
    const { complete, fresh } = wholeCoverage(sources);
    const approvals = states.filter(({ key }) => key.startsWith('a|')).map(approvalOf);
    return {
      repository,
      tags,
      manifests,
      uses: usesOf(resolved),
      tagUses: tagUsesOf(resolved),
      unclaimed: complete && fresh && cut.length === 0 ? 'unused' : 'unknown',
      doubts: [...doubtsOf(sources), ...cut],
      kept: keptByWindows(windowsAt(approvals, holds, now)),
      ownLocks: new Set(states.filter(({ key }) => key.startsWith('k|')).map(lockedName)),
      now,
      ...present({
        heldBy: holds.find((hold) => coversRepository(hold, repository))?.id,
        softDeleted: deleted,
        comparedAt,
      }),
    };
  };
}

/** Who needs each digest by itself. */
function usesOf(resolved: readonly ResolvedClaim[]): ReadonlyMap<Digest, NeededBy> {
  return neededBy(
    resolved.flatMap(({ claim, certainty, digests }) => {
      const [isExact, workload] = [certainty === 'exact', workloadText(claim)];
      return [...digests].map((digest) => ({ key: digest, isExact, workload }));
    }),
  );
}

/** Who names each tag, and not a digest beside it. */
function tagUsesOf(resolved: readonly ResolvedClaim[]): ReadonlyMap<string, NeededBy> {
  return neededBy(
    resolved.flatMap(({ claim }) =>
      claim.tag === undefined || claim.isPinned
        ? []
        : [{ key: claim.tag, isExact: true, workload: workloadText(claim) }],
    ),
  );
}

interface Need<K> {
  readonly key: K;
  readonly isExact: boolean;
  readonly workload: string;
}

/** Those who are known to need it exactly come first: a reason names only some. */
function neededBy<K>(needs: readonly Need<K>[]): ReadonlyMap<K, NeededBy> {
  const byKey = Map.groupBy(needs, ({ key }) => key);
  return new Map(
    [...byKey].map(([key, some]) => {
      const ordered = some.toSorted((a, b) => Number(b.isExact) - Number(a.isExact));
      return [
        key,
        {
          isExact: some.some(({ isExact }) => isExact),
          workloads: [...new Set(ordered.map(({ workload }) => workload))],
        },
      ];
    }),
  );
}

function lockedName({ key, content }: StoredState): string {
  const lock = readOwnedLock(content);
  if (lock === undefined) {
    throw new AuditFault('corrupt-row', `${key} is not readable as a lock`, { retryable: false });
  }
  return lock.target.kind === 'tag' ? lock.target.tag : lock.target.digest;
}
