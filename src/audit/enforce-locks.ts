import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { approvalContent, approvalStateKey } from '../protection/approval-content.ts';
import { newApproval } from '../protection/approval-judgement.ts';
import {
  environmentNamed,
  environmentsAtPush,
  isApprovedRegistry,
  type Policy,
} from '../protection/policy.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { approvalId } from './approval-id.ts';
import { AuditFault } from './fault.ts';
import type { Log } from './ports.ts';
import type {
  EnforcementQueue,
  EnforcementRequest,
  OnRecorded,
  ProtectionIndex,
  TagPush,
} from './protection-ports.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';

export interface EnforceLocksPorts {
  readonly registries: readonly string[];
  readonly index: Pick<ProtectionIndex, 'repositories'>;
  readonly queue: EnforcementQueue;
  readonly log: Log;
}

/**
 * Asks for an enforcement of every repository that has approvals, or locks of ours: by a message each, whatever others asked
 * for, since what they asked for may have been lost.
 */
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
 * Asks for an enforcement after pushes that matter to one: by a message of its own for a tag that the policy has approved at
 * once, by asking where no asking waits for a repository with approvals. What is lost here is made up for by the timer, but for an approval at push.
 */
export function enforceAfterPush(
  policy: Policy | undefined,
  {
    index,
    queue,
    ask,
  }: {
    readonly index: Pick<ProtectionIndex, 'isProtected'>;
    readonly queue: EnforcementQueue;
    readonly ask: (repository: RepositoryId) => Promise<void>;
  },
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
      await ask({ registry, repository });
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
  /** By registry. */
  readonly contents: ReadonlyMap<string, Pick<RegistryContent, 'tag'>>;
  readonly index: Pick<ProtectionIndex, 'note'>;
  /** Enforces, unless an enforcement that was begun after the one of a number has ended well. */
  readonly enforce: (repository: RepositoryId, afterTurn?: number) => Promise<unknown>;
  readonly log: Log;
}

/** How long a push may take to be seen in the registry, in milliseconds: what is read may be a moment old. */
const seenWithin = 5 * 60_000;

/** Who approves what the policy has approved at push. */
const policyApprover = { id: 'policy', name: 'Policy: protectAtPush' };

/**
 * Makes one enforcement; a push that the policy has approved at once is approved before it, and only once. It is approved
 * only when the registry itself says that the tag points to its digest: whoever may send events could name any other.
 * Throws a retryable AuditFault `push-not-seen` while the registry may not show it yet.
 */
export function enforceNext(ports: EnforceNextPorts) {
  const { policy, contents, index, enforce, states, ids, clock, log } = ports;
  const record = recordStatement(ports);

  async function approveAtPush(
    { registry, repository }: RepositoryId,
    { tag, at, id: pushId }: TagPush,
    digest: Digest,
    policy: Policy,
  ): Promise<void> {
    for (const name of environmentsAtPush(policy, repository, tag)) {
      const environment = environmentNamed(policy, name);
      if (environment === undefined) continue;
      // The same push is the same approval, however often it is told.
      const id = approvalId(at, ids.of(`${repository} ${pushId} ${name}`));
      const approval = newApproval(
        {
          image: { registry, repository, tag, digest },
          environment: name,
          reason: `pushed as ${tag}, which the policy approves at push`,
        },
        { id, digest, approver: policyApprover, requestedAt: at, environment, policy },
      );
      if ((await states.state({ registry, repository }, approvalStateKey(id))) !== undefined) continue;
      await index.note(registry, id, repository);
      await record(
        { registry, repository },
        'approval-requested',
        { approval: id, by: policyApprover.id, push: pushId },
        [{ key: approvalStateKey(id), content: approvalContent(approval), over: undefined }],
      );
    }
  }

  return async ({ registry, repository, push, afterTurn }: EnforcementRequest): Promise<void> => {
    const digest = parseDigest(push?.digest ?? '');
    const isToApprove = policy !== undefined && push !== undefined && digest !== undefined;
    const isSeen =
      isToApprove && (await contents.get(registry)?.tag(repository, push.tag))?.digest === digest;
    if (isSeen) await approveAtPush({ registry, repository }, push, digest, policy);
    // What was approved just now has been seen by no enforcement yet.
    await enforce({ registry, repository }, isSeen ? undefined : afterTurn);
    if (!isToApprove || isSeen) return;
    const { tag, at } = push;
    if (contents.has(registry) && Math.abs(clock.now() - at) < seenWithin) {
      throw new AuditFault('push-not-seen', `${tag} of ${repository} does not point to ${digest} yet`, {
        retryable: true,
      });
    }
    log.warn('not approved at push: the tag does not point to it', { registry, repository, tag, digest });
  };
}
