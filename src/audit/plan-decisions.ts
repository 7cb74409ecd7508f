import type { JsonContent } from '../history/statement.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import { type Hashing, planHash } from '../retention/plan-hash.ts';
import type { RetentionPolicy } from '../retention/rule.ts';
import { approvalRefusal, type PlanRefusal, runRefusal } from '../retention/runnable.ts';
import { AuditFault } from './fault.ts';
import { wholeRegistry } from './holds.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { PlanHeader, Plans, RetentionQueue } from './retention-ports.ts';

export interface PlanDecisionsPorts extends Omit<ProtectionRecordsPorts, 'states'> {
  readonly plans: Plans;
  readonly queue: Pick<RetentionQueue, 'run'>;
  readonly policy: RetentionPolicy;
  readonly policyHash: string;
  readonly hashing: () => Hashing;
  /** Whether there is an identity that may delete. */
  readonly canDelete: boolean;
}

/** Who decides, on which content, and why. */
export interface PlanDecision {
  readonly by: Applicant;
  /** Of the content that was looked at: nobody decides on what has changed since. */
  readonly hash: string;
  readonly reason: string;
}

/** What became of a decision on a plan. */
export type PlanDecided =
  | { readonly outcome: 'decided'; readonly plan: PlanHeader }
  | { readonly outcome: 'refused'; readonly refusal: PlanRefusal | DeletionOff }
  | { readonly outcome: 'unknown' };

/** That nothing may be deleted here, whoever approves. */
export interface DeletionOff {
  readonly code: 'deletion-off';
  readonly detail: string;
}

/** Approves a plan, on behalf of a principal: somebody else may run it then. */
export function approvePlan(ports: PlanDecisionsPorts) {
  const { plans, policy, policyHash, clock } = ports;
  return async (registry: string, id: string, { by, hash, reason }: PlanDecision): Promise<PlanDecided> => {
    const stored = await plans.get(registry, id);
    if (stored === undefined) return { outcome: 'unknown' };
    const now = clock.now();
    const request = { by: by.id, hash, now };
    const refusal = approvalRefusal(stored.header, { retention: policy, hash: policyHash }, request);
    if (refusal !== undefined) return { outcome: 'refused', refusal };
    const plan: PlanHeader = { ...stored.header, state: 'approved', approvedBy: by.id, approvedAt: now };
    await record(ports, 'retention-approved', plan, by, reason);
    await change(plans, plan, stored.version);
    return { outcome: 'decided', plan };
  };
}

/**
 * Has a plan run, on behalf of a principal other than who approved it. What is stored is hashed again first: what was
 * approved is what runs.
 */
export function executePlanSoon(ports: PlanDecisionsPorts) {
  const { plans, policy, policyHash, clock, queue } = ports;
  return async (registry: string, id: string, { by, hash, reason }: PlanDecision): Promise<PlanDecided> => {
    const stored = await plans.get(registry, id);
    if (stored === undefined) return { outcome: 'unknown' };
    if (!ports.canDelete) return { outcome: 'refused', refusal: deletionOff };
    if (isHandedOn(stored.header, by, hash)) {
      await queue.run(registry, id);
      return { outcome: 'decided', plan: stored.header };
    }
    const content = await contentOf(ports, stored.header);
    const now = clock.now();
    const request = { by: by.id, hash, now, going: content.going };
    const refusal =
      runRefusal(stored.header, { retention: policy, hash: policyHash }, request) ??
      (content.hash === stored.header.hash ? undefined : damaged(content.hash, stored.header.hash));
    if (refusal !== undefined) return { outcome: 'refused', refusal };
    const plan: PlanHeader = { ...stored.header, state: 'running', executedBy: by.id, executedAt: now };
    await record(ports, 'retention-executed', plan, by, reason);
    await change(plans, plan, stored.version);
    await queue.run(registry, id);
    return { outcome: 'decided', plan };
  };
}

/**
 * Whether the same person has had the same content run already, and may have got no answer to it: whether it was handed on is
 * not known, and a plan that is handed on twice runs once.
 */
function isHandedOn(plan: PlanHeader, by: Applicant, hash: string): boolean {
  return plan.state === 'running' && plan.executedBy === by.id && plan.hash === hash;
}

/** The hash of what is stored of a plan, and the repositories from which something goes. */
async function contentOf(
  { plans, policy, hashing }: Pick<PlanDecisionsPorts, 'plans' | 'policy' | 'hashing'>,
  { registry, id, inputs }: PlanHeader,
): Promise<{ readonly hash: string; readonly going: readonly string[] }> {
  const hash = planHash(hashing(), { registry, inputs, policy });
  const going: string[] = [];
  for await (const plan of plans.repositories(registry, id)) {
    hash.add(plan);
    if (plan.counts.untag + plan.counts.delete > 0) going.push(plan.repository);
  }
  return { hash: hash.digest(), going };
}

async function record(
  ports: PlanDecisionsPorts,
  kind: string,
  { registry, id, hash, counts }: PlanHeader,
  by: Applicant,
  reason: string,
): Promise<void> {
  const content: JsonContent = {
    plan: id,
    hash,
    by: by.id,
    byName: by.name,
    reason,
    untag: counts.untag,
    delete: counts.delete,
  };
  await recordStatement(ports)(wholeRegistry(registry), kind, content, []);
}

async function change(plans: Plans, plan: PlanHeader, version: string): Promise<void> {
  if ((await plans.put(plan, version)) === 'written') return;
  throw new AuditFault('contention', `the plan ${plan.id} was changed by somebody else just now`, {
    retryable: true,
  });
}

function damaged(found: string, wanted: string): PlanRefusal {
  return {
    code: 'content-changed',
    detail: `What is stored of it has the hash ${found}, and had ${wanted} when it was made: make another.`,
  };
}

const deletionOff: DeletionOff = {
  code: 'deletion-off',
  detail: 'No identity may delete: set ACR_AUDIT_DELETER_CLIENT_ID to let plans run.',
};
