import { type Finding, findingOf } from '../findings/finding.ts';
import type { RepositoryId } from '../history/fact.ts';
import { environmentsOf, isImmutableTag, type Policy } from '../protection/policy.ts';
import type { Digest } from '../registry/digest.ts';
import type { ResolvedClaim, Use } from './judgement.ts';
import { pressingState, severityOf, usesDetail } from './removal.ts';
import { workloadText } from './source.ts';
import { clockSkewMs } from './use.ts';

/** What is known of a repository when its uses are looked at. */
export interface UseSituation {
  readonly repository: RepositoryId;
  readonly claims: readonly ResolvedClaim[];
  /** What each tag that is referred to points to; `undefined` where the registry does not have it. */
  readonly tags: ReadonlyMap<string, Digest | undefined>;
  /** Digests that are claimed and that the registry does not have, by its own answer. */
  readonly missing: ReadonlySet<Digest>;
  /** Manifests that indexes in use list and that the registry does not have. */
  readonly missingChildren: ReadonlyMap<Digest, readonly Digest[]>;
  /** Indexes that list a claimed digest. */
  readonly parents: ReadonlyMap<Digest, ReadonlySet<Digest>>;
  /** Digests whose deletion was judged and is still found: they are not told twice. */
  readonly alarmed: ReadonlySet<Digest>;
  /** Digests that are approved, by environment. */
  readonly approved: ReadonlyMap<string, ReadonlySet<Digest>>;
  /** Tags that an approval keeps locked. */
  readonly lockedTags: ReadonlySet<string>;
  readonly policy: Policy | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Everything that is not as it should be about what workloads use of a repository. */
export function useFindings(situation: UseSituation): readonly Finding[] {
  return [
    ...missingImages(situation),
    ...missingChildren(situation),
    ...tagDrifts(situation),
    ...mutableReferences(situation),
    ...unapprovedDigests(situation),
    ...replicaSkews(situation),
  ];
}

function asUse({ claim, certainty }: ResolvedClaim): Use {
  return { claim, certainty, via: 'itself' };
}

/** A digest that is claimed exactly, or a tag that something would pull, and that is not there. */
function missingImages({ repository, claims, tags, missing, alarmed }: UseSituation): readonly Finding[] {
  const byDigest = Map.groupBy(
    claims.filter(({ claim }) => claim.digest !== undefined && missing.has(claim.digest)),
    ({ claim }) => claim.digest,
  );
  const digests = [...byDigest].flatMap(([digest, some]) => {
    if (digest === undefined || alarmed.has(digest)) return [];
    const uses = some.map(asUse);
    // What names a tag that is there starts again, with something else.
    const startsAgain = some.every(
      ({ claim }) => !claim.isPinned && claim.tag !== undefined && tags.get(claim.tag) !== undefined,
    );
    const severity = startsAgain ? 'high' : severityOf(pressingState(uses));
    return [findingOf('MissingImage', { ...repository, digest }, usesDetail(uses), severity)];
  });
  const byTag = Map.groupBy(
    claims.filter(({ claim }) => !claim.isPinned && claim.tag !== undefined),
    ({ claim }) => claim.tag,
  );
  const ofTags = [...byTag].flatMap(([tag, some]) => {
    if (tag === undefined || !tags.has(tag) || tags.get(tag) !== undefined) return [];
    // It went with a digest whose deletion is found already.
    if (some.some(({ digests: held }) => [...held].some((digest) => alarmed.has(digest)))) return [];
    const uses = some.map(asUse);
    return [
      findingOf('MissingImage', { ...repository, tag }, usesDetail(uses), severityOf(pressingState(uses))),
    ];
  });
  return [...digests, ...ofTags];
}

function missingChildren({
  repository,
  claims,
  tags,
  missingChildren: gaps,
}: UseSituation): readonly Finding[] {
  return [...gaps].flatMap(([index, children]) => {
    const uses = claims
      .filter(({ claim }) => claim.digest === index || isNow(claim.tag, claim.isPinned, tags, index))
      .map(asUse);
    if (uses.length === 0 || children.length === 0) return [];
    const detail = { ...usesDetail(uses), children, childCount: children.length };
    const severity = severityOf(pressingState(uses));
    return [findingOf('MissingIndexChild', { ...repository, digest: index }, detail, severity)];
  });
}

function isNow(
  tag: string | undefined,
  isPinned: boolean,
  tags: ReadonlyMap<string, Digest | undefined>,
  digest: Digest,
): boolean {
  return !isPinned && tag !== undefined && tags.get(tag) === digest;
}

/** What runs under a tag and is not what the tag points to, nor a part of it. */
function tagDrifts(situation: UseSituation): readonly Finding[] {
  const { repository, claims, tags, parents, approved } = situation;
  const running = claims.filter(({ claim }) => claim.state === 'running' && !claim.isPinned);
  const byTag = Map.groupBy(running, ({ claim }) => claim.tag);
  return [...byTag].flatMap(([tag, some]) => {
    const now = tag === undefined ? undefined : tags.get(tag);
    if (tag === undefined || now === undefined) return [];
    const isOther = (digest: Digest) => digest !== now && parents.get(digest)?.has(now) !== true;
    const drifting = some.filter(({ digests }) => [...digests].some(isOther));
    if (drifting.length === 0) return [];
    const others = [...new Set(drifting.flatMap(({ digests }) => [...digests].filter(isOther)))];
    const environments = protectedEnvironments(situation, drifting);
    const isUnapproved = environments.some((name) => approved.get(name)?.has(now) !== true);
    const isApproved = (digest: Digest) => [...approved.values()].some((digests) => digests.has(digest));
    const detail = {
      ...usesDetail(drifting.map(asUse)),
      runningDigests: others.slice(0, 20),
      tagDigest: now,
      tagDigestApproved: isApproved(now),
      approvedRunning: others.filter(isApproved).slice(0, 20),
      certainty: drifting.some(({ certainty }) => certainty === 'exact') ? 'exact' : 'inferred',
    };
    return [findingOf('TagDrift', { ...repository, tag }, detail, isUnapproved ? 'high' : 'medium')];
  });
}

/** Environments of the claims that the policy has for the repository. */
function protectedEnvironments(
  { policy, repository }: UseSituation,
  claims: readonly ResolvedClaim[],
): readonly string[] {
  if (policy === undefined) return [];
  const named = new Set(claims.map(({ claim }) => claim.workload.environment));
  return environmentsOf(policy, repository.repository).filter((name) => named.has(name));
}

function mutableReferences(situation: UseSituation): readonly Finding[] {
  const { repository, claims, policy, lockedTags } = situation;
  const unpinned = claims.filter(({ claim }) => !claim.isPinned && claim.state !== 'rollback');
  return [...Map.groupBy(unpinned, ({ claim }) => claim.tag)].flatMap(([tag, some]) => {
    if (tag === undefined || lockedTags.has(tag)) return [];
    if (policy !== undefined && isImmutableTag(policy, repository.repository, tag)) return [];
    const wanted =
      tag === 'latest' ? some : some.filter((claim) => protectedEnvironments(situation, [claim]).length > 0);
    if (wanted.length === 0) return [];
    return [findingOf('MutableReference', { ...repository, tag }, usesDetail(wanted.map(asUse)))];
  });
}

/** A digest that is known to run, or is the only one that can, in an environment that neither it nor an index of it is approved for. */
function unapprovedDigests(situation: UseSituation): readonly Finding[] {
  const { repository, claims, approved, parents } = situation;
  const running = claims.filter(({ claim, digests }) => claim.state === 'running' && digests.size === 1);
  const found = running.flatMap((resolved) => {
    const [environment] = protectedEnvironments(situation, [resolved]);
    const [digest] = resolved.digests;
    if (environment === undefined || digest === undefined) return [];
    const digests = approved.get(environment);
    const isApproved = [digest, ...(parents.get(digest) ?? [])].some((one) => digests?.has(one) === true);
    return isApproved ? [] : [{ environment, digest, resolved }];
  });
  const grouped = Map.groupBy(found, ({ environment, digest }) => `${environment} ${digest}`);
  return [...grouped.values()].flatMap((some) => {
    const [first] = some;
    if (first === undefined) return [];
    const detail = {
      ...usesDetail(some.map(({ resolved }) => asUse(resolved))),
      environment: first.environment,
    };
    return [findingOf('UnapprovedDigestRunning', { ...repository, digest: first.digest }, detail)];
  });
}

/** A rollout is no skew: every one of the digests has run for longer than that takes. */
function replicaSkews({ repository, claims, parents, now }: UseSituation): readonly Finding[] {
  const settled = claims.filter(
    ({ claim, certainty }) =>
      claim.state === 'running' && certainty === 'exact' && now - claim.firstSeen >= clockSkewMs,
  );
  return [...Map.groupBy(settled, ({ claim }) => workloadText(claim))].flatMap(([workload, some]) => {
    // Nodes of several platforms may report the manifests of one index.
    const images = new Set(
      some.map(({ claim: { digest } }) =>
        digest === undefined ? '' : ([...(parents.get(digest) ?? [])].sort()[0] ?? digest),
      ),
    );
    if (images.size < 2) return [];
    const digests = [...new Set(some.flatMap(({ digests: held }) => [...held]))].sort();
    const detail = { ...usesDetail(some.map(asUse)), workload, digests: digests.slice(0, 20) };
    return [findingOf('ReplicaSkew', repository, detail)];
  });
}
