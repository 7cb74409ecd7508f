import { type Finding, findingOf } from '../findings/finding.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import { present } from '../registry/present.ts';
import { type ClaimState, claimStates } from './claim.ts';
import type { Judgement, Use } from './judgement.ts';
import { workloadText } from './source.ts';
import { mostPressing } from './use.ts';

/** That a manifest was deleted, or a tag removed while its manifest stayed. Times are epoch milliseconds. */
export interface Removal extends RepositoryId {
  readonly digest: Digest;
  /** The tag that was removed by itself. */
  readonly tag?: string;
  /** Id of the audit record that tells it. */
  readonly record: string;
  readonly at: number;
  /** When it is only known to have happened some time since. */
  readonly notBefore?: number;
  /** Who did it, as far as is known. */
  readonly by?: string;
}

/** How what went can be had again. */
export interface WayBack {
  /** Commands and places, most helpful first. */
  readonly steps: readonly string[];
  /** Other repositories that have the digest, as references. */
  readonly elsewhere: readonly string[];
}

/** Workloads that one finding names. */
const mostNamed = 20;

/** What uses say together, as facts of a finding. */
export function usesDetail(uses: readonly Use[]) {
  const texts = (values: Iterable<string | undefined>) =>
    [...new Set([...values].filter((value) => value !== undefined))].sort().slice(0, mostNamed);
  // Those first that cannot wait: only so many are named.
  const named = claimStates.flatMap((state) =>
    texts(
      uses
        .filter(({ claim }) => claim.state === state)
        .map((use) => `${workloadText(use.claim)} (${state}, ${use.certainty})`),
    ),
  );
  return {
    workloads: named.slice(0, mostNamed),
    workloadCount: new Set(uses.map(({ claim }) => workloadText(claim))).size,
    environments: texts(uses.map(({ claim }) => claim.workload.environment)),
    owners: texts(uses.map(({ claim }) => claim.workload.owner)),
    states: texts(uses.map(({ claim }) => claim.state)),
    images: texts(uses.map(({ claim }) => claim.image)),
  };
}

/** How much it matters that something is gone which uses of a state need. */
export function severityOf(state: ClaimState | undefined): 'critical' | 'high' {
  return state === 'rollback' || state === undefined ? 'high' : 'critical';
}

/** The finding that a judgement makes; none when nothing needs what went. */
export function removalFinding(
  removal: Removal,
  { answer, uses, state }: Judgement,
  context: {
    readonly wayBack: WayBack;
    readonly inDoubt: readonly string[];
    readonly confirmedAt?: number | undefined;
  },
): Finding | undefined {
  const { registry, repository, digest, tag, record, at, notBefore, by } = removal;
  if (answer === 'unused') return undefined;
  const when = tag === undefined ? { deletedAt: at, deletedBy: by } : { untaggedAt: at, untaggedBy: by };
  const told = present({ ...when, notBefore, record });
  const back = { wayBack: context.wayBack.steps, elsewhere: context.wayBack.elsewhere };
  if (answer === 'unknown') {
    // Of a tag alone: the manifest is still there, and can be tagged again when somebody misses it.
    if (tag !== undefined) return undefined;
    const subject = { registry, repository, digest };
    return findingOf('DeletedDigestUseUnknown', subject, { ...told, ...back, sources: context.inDoubt });
  }
  const detail = {
    ...usesDetail(uses),
    ...told,
    ...back,
    certainty: uses.some(({ certainty }) => certainty === 'exact') ? 'exact' : 'inferred',
    ...present({ confirmedAt: context.confirmedAt }),
  };
  return tag === undefined
    ? findingOf('DeletedDigestInUse', { registry, repository, digest }, detail, severityOf(state))
    : findingOf('MissingImage', { registry, repository, tag }, { ...detail, digest }, severityOf(state));
}

/** What can be done to have a manifest back, from what is known of it. */
export function wayBack(
  { registry, repository, digest, tag }: Removal,
  known: { readonly isRestorable: boolean; readonly elsewhere: readonly RepositoryId[] },
): WayBack {
  const name = registry.split('.')[0] ?? registry;
  const places = known.elsewhere.map((place) => `${place.registry}/${place.repository}@${digest}`);
  const steps = [
    ...(tag === undefined
      ? []
      : [
          `az acr import --name ${name} --source ${registry}/${repository}@${digest} --image ${repository}:${tag}`,
        ]),
    ...(tag === undefined && known.isRestorable
      ? [`az acr manifest restore --registry ${name} --name ${repository} --digest ${digest}`]
      : []),
    ...(tag === undefined
      ? places
          .slice(0, 3)
          .map((place) => `az acr import --name ${name} --source ${place} --repository ${repository}`)
      : []),
    ...(tag === undefined
      ? [
          `push the same manifest to ${repository} again: its digest has to be ${digest}, so a rebuild will not do`,
        ]
      : []),
  ];
  return { steps, elsewhere: places.slice(0, mostNamed) };
}

/** The most pressing state among uses. */
export function pressingState(uses: readonly Use[]): ClaimState | undefined {
  return mostPressing(uses.map(({ claim }) => claim.state));
}
