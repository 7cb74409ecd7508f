import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { approvalContent, approvalStateKey } from '../protection/approval-content.ts';
import { newApproval } from '../protection/approval-judgement.ts';
import {
  environmentNamed,
  environmentsAtPush,
  isApprovedRegistry,
  type Policy,
} from '../protection/policy.ts';
import { parseDigest } from '../registry/digest.ts';
import { approvalId } from './approval-id.ts';
import type { Log } from './ports.ts';
import type {
  EnforcementQueue,
  EnforcementRequest,
  OnRecorded,
  ProtectionIndex,
} from './protection-ports.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';

export interface EnforceLocksPorts {
  readonly registries: readonly string[];
  readonly index: Pick<ProtectionIndex, 'repositories'>;
  readonly queue: EnforcementQueue;
  readonly log: Log;
}

/** Asks for an enforcement of every repository that has approvals, or locks of ours. */
export function enforceLocks({ registries, index, queue, log }: EnforceLocksPorts) {
  return async (): Promise<void> => {
    for (const registry of registries) {
      let repositories = 0;
      for await (const repository of index.repositories(registry)) {
        await queue.add({ registry, repository });
        repositories += 1;
      }
      log.info('enforcement begun', { registry, repositories });
    }
  };
}

/**
 * Asks for an enforcement after pushes that matter to one: to a repository with approvals, or of a tag that the policy
 * has approved at once. What is lost here is made up for by the timer, but for an approval at push.
 */
export function enforceAfterPush(
  policy: Policy | undefined,
  {
    index,
    queue,
  }: { readonly index: Pick<ProtectionIndex, 'isProtected'>; readonly queue: EnforcementQueue },
): OnRecorded {
  return async ({ registry, repository, fact }: AuditRecord): Promise<void> => {
    const { action, tag, digest, at, source } = fact;
    if (action !== 'push') return;
    // What was there before the registry was first looked at was not pushed just now.
    if (source === 'backfill') return;
    const isAtPush =
      policy !== undefined &&
      tag !== undefined &&
      isApprovedRegistry(policy, registry) &&
      environmentsAtPush(policy, repository, tag).length > 0;
    if (isAtPush) {
      await queue.add({ registry, repository, push: { tag, digest, at: at.time, id: at.id } });
    } else if (await index.isProtected(registry, repository)) {
      await queue.add({ registry, repository });
    }
  };
}

/** Enforces at once, and asks for it to be done soon when that fails. */
export function enforceNow({
  enforce,
  queue,
  log,
}: {
  readonly enforce: (repository: RepositoryId) => Promise<unknown>;
  readonly queue: EnforcementQueue;
  readonly log: Log;
}) {
  return async ({ registry, repository }: RepositoryId): Promise<void> => {
    try {
      await enforce({ registry, repository });
    } catch (error) {
      log.warn('not enforced at once', { registry, repository, error: String(error) });
      await queue.add({ registry, repository });
    }
  };
}

export interface EnforceNextPorts extends ProtectionRecordsPorts {
  readonly policy: Policy | undefined;
  readonly index: Pick<ProtectionIndex, 'note'>;
  readonly enforce: (repository: RepositoryId) => Promise<unknown>;
}

/** Who approves what the policy has approved at push. */
const policyApprover = { id: 'policy', name: 'Policy: protectAtPush' };

/** Makes one enforcement; a push that the policy has approved at once is approved before it, and only once. */
export function enforceNext(ports: EnforceNextPorts) {
  const { policy, index, enforce, states, ids } = ports;
  const record = recordStatement(ports);

  async function approveAtPush({ registry, repository, push }: EnforcementRequest): Promise<void> {
    const digest = parseDigest(push?.digest ?? '');
    if (policy === undefined || push === undefined || digest === undefined) return;
    for (const name of environmentsAtPush(policy, repository, push.tag)) {
      const environment = environmentNamed(policy, name);
      if (environment === undefined) continue;
      // The same push is the same approval, however often it is told.
      const id = approvalId(push.at, ids.of(`${repository} ${push.id} ${name}`));
      const approval = newApproval(
        {
          image: { registry, repository, tag: push.tag, digest },
          environment: name,
          reason: `pushed as ${push.tag}, which the policy approves at push`,
        },
        { id, digest, approver: policyApprover, requestedAt: push.at, environment, policy },
      );
      if ((await states.state({ registry, repository }, approvalStateKey(id))) !== undefined) continue;
      await index.note(registry, id, repository);
      await record(
        { registry, repository },
        'approval-requested',
        { approval: id, by: policyApprover.id, push: push.id },
        [{ key: approvalStateKey(id), content: approvalContent(approval), over: undefined }],
      );
    }
  }

  return async (request: EnforcementRequest): Promise<void> => {
    await approveAtPush(request);
    await enforce({ registry: request.registry, repository: request.repository });
  };
}
