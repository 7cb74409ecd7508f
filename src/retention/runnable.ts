import { formatDuration } from '../protection/duration.ts';
import type { RetentionPolicy } from './rule.ts';

/** How many blocks a refusal names. */
const toldBlocks = 5;

/** Milliseconds by which the clock of who made a plan may be ahead of that of who approves or runs it. */
const mostAheadMs = 5 * 60_000;

/** What decides whether a plan may be approved or run. Times are epoch milliseconds. */
export interface PlanStanding {
  readonly state: 'making' | 'blocked' | 'ready' | 'approved' | 'running' | 'stopped' | 'done' | 'failed';
  readonly createdAt: number;
  readonly blocks: readonly string[];
  /** Of its content, as it was when the plan was made. */
  readonly hash: string;
  readonly inputs: { readonly policyHash: string };
  /** The principal's id. */
  readonly approvedBy?: string;
}

/** Somebody who wants to approve or run a plan. */
export interface PlanRequest {
  /** The principal's id. */
  readonly by: string;
  /** The hash of the content that is meant: what was looked at, or what is stored now. */
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The policy as it is now. */
export interface PolicyNow {
  readonly retention: Pick<RetentionPolicy, 'planAge' | 'byPolicy'>;
  /** As {@link PlanStanding.inputs} has it. */
  readonly hash: string;
}

/** Why a plan may not be approved or run, for programs and for people. */
export interface PlanRefusal {
  readonly code:
    | 'not-made'
    | 'blocked'
    | 'over'
    | 'content-changed'
    | 'policy-changed'
    | 'too-old'
    | 'already-approved'
    | 'not-approved'
    | 'approved-by-executor';
  readonly detail: string;
}

/** Why a plan may not be approved by somebody; `undefined` when it may. */
export function approvalRefusal(
  plan: PlanStanding,
  policy: PolicyNow,
  request: PlanRequest,
): PlanRefusal | undefined {
  const refusal = refusalOfAny(plan, policy, request);
  if (refusal !== undefined) return refusal;
  if (plan.state === 'approved' || plan.approvedBy !== undefined) {
    return { code: 'already-approved', detail: `It is approved by ${plan.approvedBy ?? 'somebody'}.` };
  }
  return undefined;
}

/**
 * Why a plan may not be run by somebody; `undefined` when it may. Who runs it is never who approved it, unless the policy lets
 * every repository by itself from which something goes: `going` are their names.
 */
export function runRefusal(
  plan: PlanStanding,
  policy: PolicyNow,
  request: PlanRequest & { readonly going: readonly string[] },
): PlanRefusal | undefined {
  const refusal = refusalOfAny(plan, policy, request);
  if (refusal !== undefined) return refusal;
  const { byPolicy } = policy.retention;
  const asking = request.going.find((repository) => !byPolicy.some((pattern) => pattern.matches(repository)));
  if (asking === undefined) return undefined;
  if (plan.state !== 'approved' || plan.approvedBy === undefined) {
    return {
      code: 'not-approved',
      detail: `Nobody has approved it, and ${asking} is not among the repositories that need no approval.`,
    };
  }
  if (plan.approvedBy === request.by) {
    return {
      code: 'approved-by-executor',
      detail: `${request.by} has approved it: somebody else has to run it.`,
    };
  }
  return undefined;
}

/** What keeps a plan from being approved and from being run. */
function refusalOfAny(
  plan: PlanStanding,
  { retention, hash }: PolicyNow,
  request: PlanRequest,
): PlanRefusal | undefined {
  const standing = refusalOfState(plan);
  if (standing !== undefined) return standing;
  if (request.hash !== plan.hash) {
    return {
      code: 'content-changed',
      detail: `Its content has the hash ${plan.hash}, not ${request.hash}: look at it again.`,
    };
  }
  if (hash !== plan.inputs.policyHash) {
    return { code: 'policy-changed', detail: 'The policy has changed since it was made: make another.' };
  }
  const age = request.now - plan.createdAt;
  if (age < -mostAheadMs) {
    return {
      code: 'too-old',
      detail: 'It was made at a time that is yet to come, by a clock that was wrong: make another.',
    };
  }
  // Written so that a time that is none is too old.
  if (!(age <= retention.planAge)) {
    return {
      code: 'too-old',
      detail: `It was made more than ${formatDuration(retention.planAge)} ago: make another.`,
    };
  }
  return undefined;
}

function refusalOfState({ state, blocks }: PlanStanding): PlanRefusal | undefined {
  if (state === 'making') return { code: 'not-made', detail: 'It is not made yet: ask again later.' };
  if (state === 'blocked' || blocks.length > 0) {
    return { code: 'blocked', detail: blocksText(blocks) };
  }
  if (state !== 'ready' && state !== 'approved') {
    return { code: 'over', detail: `It is ${state}: make another.` };
  }
  return undefined;
}

/** The first of them: a plan has as many blocks as repositories at worst. */
function blocksText(blocks: readonly string[]): string {
  const others = blocks.length - toldBlocks;
  const told = blocks.slice(0, toldBlocks).join('; ');
  return `It is blocked${told === '' ? '' : `: ${told}`}${others > 0 ? `; and ${others} more` : ''}.`;
}
