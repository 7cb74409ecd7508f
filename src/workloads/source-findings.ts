import { estate, type Finding, findingOf } from '../findings/finding.ts';
import { isApprovedRegistry, type Policy } from '../protection/policy.ts';
import type { SourceCoverage } from './coverage.ts';
import { usesDetail } from './removal.ts';
import type { KnownClaim } from './use.ts';

/** What a finding that concerns no repository is about. */
const everywhere = { registry: estate, repository: 'inventory' };

/** Sources from which nothing can be concluded, and since when. */
export function sourceFindings(coverage: readonly SourceCoverage[]): readonly Finding[] {
  return coverage.flatMap(({ source, condition, state, freshUntil }) => {
    if (condition === 'fresh') return [];
    const isGood = freshUntil !== undefined && condition === 'incomplete' && state?.completeAt !== undefined;
    const detail = {
      source,
      condition,
      ...(state?.completeAt === undefined ? {} : { completeAt: state.completeAt }),
      ...(state?.lookedAt === undefined ? {} : { lookedAt: state.lookedAt }),
      problems: (state?.problems ?? []).map(({ where, problem }) => `${where}: ${problem}`),
      problemCount: state?.problemCount ?? 0,
    };
    // A part that could not be read once is not yet a source that is lost.
    return [findingOf('SourceStale', everywhere, detail, isGood ? 'medium' : 'high')];
  });
}

/** Images that workloads use from registries which the policy does not approve, one finding a repository. */
export function foreignImageFindings(
  policy: Policy | undefined,
  claims: readonly KnownClaim[],
): readonly Finding[] {
  if (policy === undefined) return [];
  const foreign = claims.filter(({ registry }) => !isApprovedRegistry(policy, registry));
  return [
    ...Map.groupBy(foreign, ({ registry, repository }) => `${registry}/${repository}`).values(),
  ].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const uses = some.map((claim) => ({ claim, certainty: 'exact' as const, via: 'itself' as const }));
    const detail = { ...usesDetail(uses), foreignRegistry: first.registry };
    return [findingOf('UnapprovedRegistry', { registry: estate, repository: first.repository }, detail)];
  });
}
