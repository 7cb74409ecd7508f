import { keyIdOf } from '../ledger/pseudonym.ts';
import type { Digest } from '../registry/digest.ts';
import { quote } from '../registry/free-text.ts';
import { present } from '../registry/present.ts';
import type { Approval, Approver } from './approval.ts';
import type { ApprovalRequest } from './approval-request.ts';
import {
  type Environment,
  environmentNamed,
  environmentsOf,
  isApprovedRegistry,
  isImmutableTag,
  type Policy,
} from './policy.ts';

/** Who asks: the caller's principal. */
export interface Applicant extends Approver {
  readonly roles: readonly string[];
}

/** Why a policy refuses an approval. */
export interface ApprovalRefusal {
  readonly code:
    | 'registry-not-approved'
    | 'environment-unknown'
    | 'environment-not-of-repository'
    | 'approver-not-listed'
    | 'approver-pushed-it'
    | 'pusher-unreadable';
  readonly detail: string;
}

/** The environment an approval may go to, or every reason why it may not. */
export type ApprovalJudgement =
  | { readonly allowed: true; readonly environment: Environment }
  | { readonly allowed: false; readonly refusals: readonly ApprovalRefusal[] };

/**
 * Judges a request by the policy. `pusher` is who pushed the digest (id or name), where that is known; a pseudonym is of
 * somebody whom nobody can tell any more.
 */
export function judgeApproval(
  policy: Policy,
  { image, environment: name }: Pick<ApprovalRequest, 'image' | 'environment'>,
  applicant: Applicant,
  pusher?: string,
): ApprovalJudgement {
  const environment = environmentNamed(policy, name);
  const allowed = environmentsOf(policy, image.repository);
  const refusals: ApprovalRefusal[] = [];
  if (!isApprovedRegistry(policy, image.registry)) {
    refusals.push({
      code: 'registry-not-approved',
      detail: `${image.registry} is no approved registry of the policy`,
    });
  }
  if (environment === undefined) {
    refusals.push({ code: 'environment-unknown', detail: `the policy has no environment ${quote(name)}` });
  } else {
    if (!allowed.includes(name)) {
      const others = allowed.length === 0 ? 'none' : allowed.join(', ');
      refusals.push({
        code: 'environment-not-of-repository',
        detail: `images of ${image.repository} may be approved for ${others}, not for ${name}`,
      });
    }
    refusals.push(...refusalsOf(environment, applicant, pusher));
  }
  return environment === undefined || refusals.length > 0
    ? { allowed: false, refusals }
    : { allowed: true, environment };
}

function refusalsOf(
  { name, approvers }: Environment,
  applicant: Applicant,
  pusher: string | undefined,
): readonly ApprovalRefusal[] {
  const { principals, roles, distinctFromPusher } = approvers;
  const isListed =
    (principals.length === 0 && roles.length === 0) ||
    principals.some((pattern) => pattern.matches(applicant.id)) ||
    roles.some((pattern) => applicant.roles.some((role) => pattern.matches(role)));
  const listing: readonly ApprovalRefusal[] = isListed
    ? []
    : [{ code: 'approver-not-listed', detail: `${quote(applicant.id)} may not approve for ${name}` }];
  const own = [applicant.id, applicant.name].map((text) => text.toLowerCase());
  if (!distinctFromPusher || pusher === undefined) return listing;
  if (keyIdOf(pusher) !== undefined) {
    const detail = `who pushed the digest is recorded by a privacy key that is gone: whether it was the approver for ${name} cannot be known`;
    return [...listing, { code: 'pusher-unreadable', detail }];
  }
  return own.includes(pusher.toLowerCase())
    ? [
        ...listing,
        { code: 'approver-pushed-it', detail: `who pushed a digest may not approve it for ${name}` },
      ]
    : listing;
}

/** An approval as it begins: the request, with the environment's rules where the request has none of its own. */
export function newApproval(
  request: ApprovalRequest,
  given: {
    readonly id: string;
    /** As {@link ApprovalRequest.image} was resolved. */
    readonly digest: Digest;
    readonly approver: Approver;
    readonly requestedAt: number;
    readonly environment: Environment;
    readonly policy: Policy;
  },
): Approval {
  const {
    image,
    environment: _,
    retainFor,
    retainReleases,
    monitoringWindow,
    lockTag,
    ...evidence
  } = request;
  const { policy, environment } = given;
  const isImmutable = image.tag !== undefined && isImmutableTag(policy, image.repository, image.tag);
  return {
    id: given.id,
    registry: image.registry,
    repository: image.repository,
    digest: given.digest,
    ...present({ tag: image.tag }),
    environment: environment.name,
    ...evidence,
    approver: { id: given.approver.id, name: given.approver.name },
    requestedAt: given.requestedAt,
    retainFor: retainFor ?? environment.retainFor,
    retainReleases: retainReleases ?? environment.retainReleases,
    monitoringWindow: monitoringWindow ?? environment.monitoringWindow,
    // A request may ask for more than the policy's lock, never for less.
    lockTag: lockTag === true || environment.lockTag || isImmutable,
    state: 'requested',
  };
}
