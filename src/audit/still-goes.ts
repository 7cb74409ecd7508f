import type { RepositoryId } from '../history/fact.ts';
import { coversRepository, type Hold } from '../protection/hold.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { KeepReason } from '../retention/keep-reason.ts';
import type { PlanItem } from '../retention/plan.ts';
import { keptByWindows } from '../retention/window-reasons.ts';
import { type SourceCoverage, wholeCoverage } from '../workloads/coverage.ts';
import { type Use, untagJudged, usesOf } from '../workloads/judgement.ts';
import { workloadText } from '../workloads/source.ts';
import { manifestsAbove, resolveClaims, sourceCoverage, type UsesPorts } from './uses.ts';

export interface StillGoesPorts extends UsesPorts {
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
}

/** Workloads named in one reason. */
const mostWorkloads = 3;

/**
 * Asks once more, right before something of a plan goes, what inventories, approvals and holds say of it; none: it may still
 * go. @throws AuditFault when any of them could not be asked.
 */
export function stillGoes(ports: StillGoesPorts) {
  const coverage = sourceCoverage(ports);
  const resolve = resolveClaims(ports);
  const aboveOf = manifestsAbove(ports);
  return async (repository: RepositoryId, { tag, digest }: PlanItem): Promise<readonly KeepReason[]> => {
    // Before the claims, so that nothing counts as read that was not.
    const sources = await coverage();
    const [claims, windows, holds, above] = await Promise.all([
      Array.fromAsync(ports.claims.ofRepository(repository)),
      ports.windows(repository),
      ports.holds(repository.registry),
      aboveOf(repository, digest),
    ]);
    const resolved = await resolve(repository, claims);
    const used = usesOf(above, resolved);
    const named = tag === undefined ? [] : untagJudged(tag, claims, wholeCoverage(sources)).uses;
    const kept = keptByWindows(windows);
    const hold = holds.find((one) => coversRepository(one, repository));
    const cut = resolved.find(({ isCut }) => isCut);
    return [
      ...doubtsOf(sources),
      ...(cut === undefined ? [] : [cutHistory(workloadText(cut.claim))]),
      ...useReasons([...used, ...named]),
      ...[...above.keys()].flatMap((one) =>
        (kept.get(one) ?? []).map(
          ({ code, by }): KeepReason => ({ code, detail: by, ...(one === digest ? {} : { of: one }) }),
        ),
      ),
      ...(hold === undefined ? [] : [{ code: 'held' as const, detail: hold.id }]),
    ];
  };
}

/** Why what inventories say is not enough; none: every source was read whole, and lately. */
export function doubtsOf(sources: readonly SourceCoverage[]): readonly (KeepReason & {
  readonly code: 'coverage-incomplete' | 'source-stale';
  readonly detail: string;
})[] {
  if (sources.length === 0) return [{ code: 'coverage-incomplete', detail: 'no source of the inventory' }];
  return sources.flatMap(({ source, condition }) => {
    if (condition === 'fresh') return [];
    const code = condition === 'stale' ? 'source-stale' : 'coverage-incomplete';
    return [{ code, detail: `${source} (${condition})` }];
  });
}

/** That a tag's history was too long to tell every digest that a workload may need. */
export function cutHistory(workload: string): KeepReason & {
  readonly code: 'coverage-incomplete';
  readonly detail: string;
} {
  return { code: 'coverage-incomplete', detail: `the history of the tag of ${workload} is too long to read` };
}

function useReasons(uses: readonly Use[]): readonly KeepReason[] {
  return (['exact', 'inferred'] as const).flatMap((certainty) => {
    const texts = uses.filter((use) => use.certainty === certainty).map(({ claim }) => workloadText(claim));
    const distinct = [...new Set(texts)];
    if (distinct.length === 0) return [];
    const more = distinct.length - mostWorkloads;
    const detail = `${distinct.slice(0, mostWorkloads).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    return [{ code: certainty === 'exact' ? ('in-use' as const) : ('inferred-use' as const), detail }];
  });
}
