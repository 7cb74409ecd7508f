import type { InventoryCoverage, UseAnswer } from '../protection/lock-situation.ts';
import type { Digest } from '../registry/digest.ts';
import type { ClaimState } from './claim.ts';
import { type Certainty, type KnownClaim, mostPressing } from './use.ts';

/**
 * How a manifest is needed by what claims another: it is that one (`itself`), an index lists it (`index`), or it signs,
 * describes or attests what is claimed (`subject`).
 */
export type Via = 'itself' | 'index' | 'subject';

/** A claim with every digest it may need. */
export interface ResolvedClaim {
  readonly claim: KnownClaim;
  readonly certainty: Certainty;
  readonly digests: ReadonlySet<Digest>;
  /** Not all of them are known: the tag's history is too long. */
  readonly isCut: boolean;
}

/** A manifest, and those above it, by how a claim on each would need it. */
export type Above = ReadonlyMap<Digest, Via>;

/** A claim that needs a manifest. */
export interface Use {
  readonly claim: KnownClaim;
  readonly certainty: Certainty;
  readonly via: Via;
}

/** The claims that need a manifest. */
export function usesOf(above: Above, claims: readonly ResolvedClaim[]): readonly Use[] {
  return claims.flatMap(({ claim, certainty, digests }) => {
    const ways = [...above].filter(([digest]) => digests.has(digest)).map(([, via]) => via);
    const via = (['itself', 'index', 'subject'] as const).find((way) => ways.includes(way));
    return via === undefined ? [] : [{ claim, certainty, via }];
  });
}

/** Whether a manifest is used: without complete, fresh coverage nothing counts as unused, nor where a history was cut. */
export function useAnswer(
  uses: readonly Use[],
  claims: readonly ResolvedClaim[],
  { complete, fresh }: InventoryCoverage,
): UseAnswer {
  if (uses.length > 0) return 'used';
  return complete && fresh && !claims.some(({ isCut }) => isCut) ? 'unused' : 'unknown';
}

/** What was found out about what was deleted, or untagged. */
export interface Judgement {
  readonly answer: UseAnswer;
  readonly uses: readonly Use[];
  /** The most pressing state among the uses. */
  readonly state?: ClaimState;
}

/** Judges that a manifest went. What only signs or describes what runs is needed for a check, not for a start: `rollback`. */
export function deletionJudged(
  above: Above,
  claims: readonly ResolvedClaim[],
  coverage: InventoryCoverage,
): Judgement {
  const uses = usesOf(above, claims);
  const answer = useAnswer(uses, claims, coverage);
  const state = mostPressing(
    uses.map(({ claim, via }): ClaimState => (via === 'subject' ? 'rollback' : claim.state)),
  );
  return { answer, uses, ...(state === undefined ? {} : { state }) };
}

/** Judges that a tag was removed: whoever names it, and not a digest, cannot start again. */
export function untagJudged(
  tag: string,
  claims: readonly KnownClaim[],
  { complete, fresh }: InventoryCoverage,
): Judgement {
  const uses = claims
    .filter((claim) => claim.tag === tag && !claim.isPinned)
    .map((claim): Use => ({ claim, certainty: 'exact', via: 'itself' }));
  const state = mostPressing(uses.map(({ claim }) => claim.state));
  const answer: UseAnswer = uses.length > 0 ? 'used' : complete && fresh ? 'unused' : 'unknown';
  return { answer, uses, ...(state === undefined ? {} : { state }) };
}
