import type { Workload } from '../../../src/workloads/claim.ts';
import type { Use, Via } from '../../../src/workloads/judgement.ts';
import type { Certainty, KnownClaim } from '../../../src/workloads/use.ts';
import { epoch } from '../../builders/facts.ts';

/** The registry and repository of the built claims. */
export const team = { registry: 'contoso.azurecr.io', repository: 'team/app' };

let count = 0;

/** A claim of a Deployment `shop/web` on {@link team}, seen at {@link epoch}: exact and running unless told. */
export function claimOf(more: Partial<KnownClaim> & { readonly of?: Partial<Workload> } = {}): KnownClaim {
  count += 1;
  const { of, ...rest } = more;
  const { registry, repository } = team;
  const { tag, digest } = rest;
  return {
    id: count.toString(16).padStart(32, '0'),
    source: 'aks-prod',
    workload: { kind: 'Deployment', namespace: 'shop', name: 'web', container: 'app', ...of },
    state: 'running',
    image: `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
    registry,
    repository,
    isPinned: false,
    firstSeen: epoch,
    ...rest,
  };
}

/** That the claim needs a manifest. */
export function useOf(
  claim: KnownClaim,
  { certainty = 'exact', via = 'itself' }: { readonly certainty?: Certainty; readonly via?: Via } = {},
): Use {
  return { claim, certainty, via };
}
