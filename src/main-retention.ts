import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenCredential } from '@azure/core-auth';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { deletedImages } from './acr/deleted-images.ts';
import { registryDeletions } from './acr/registry-deletions.ts';
import { checkRetention } from './audit/check-retention.ts';
import type { clockChecked } from './audit/clock-checked.ts';
import { executePlan } from './audit/execute-plan.ts';
import { AuditFault } from './audit/fault.ts';
import { giveUpPlan } from './audit/give-up-plan.ts';
import type { HistoryPages, Progress } from './audit/history-pages.ts';
import { listDecisions } from './audit/list-decisions.ts';
import { manifestLayers } from './audit/manifest-layers.ts';
import type { OnceRecordedPorts } from './audit/once-recorded.ts';
import { approvePlan, executePlanSoon } from './audit/plan-decisions.ts';
import { beginPlan, makePlan } from './audit/plan-retention.ts';
import type { HistoryReader, Leases, Log } from './audit/ports.ts';
import type { ProtectionRecordsPorts } from './audit/protection-records.ts';
import type { RegistryContent } from './audit/registry-content.ts';
import { repositoryContent } from './audit/repository-content.ts';
import { restorableImages } from './audit/restorable-images.ts';
import { restoreImage } from './audit/restore-image.ts';
import type { DeletedImages, RecordedReferrers } from './audit/restore-ports.ts';
import type { RegistrySettingsReader } from './audit/retention-ports.ts';
import { stillGoes } from './audit/still-goes.ts';
import { tagsAt } from './audit/tags-at.ts';
import { sourceCoverage, type UsesPorts } from './audit/uses.ts';
import type { RepositoryId } from './history/fact.ts';
import type { Hold } from './protection/hold.ts';
import type { ApprovalWindow } from './protection/rollback-window.ts';
import type { Digest } from './registry/digest.ts';
import { readPattern } from './registry/pattern.ts';
import type { Hashing } from './retention/plan-hash.ts';
import type { RetentionPolicy } from './retention/rule.ts';
import type { Settings } from './settings.ts';
import { plansStore } from './storage/plans.ts';
import { recordedContents } from './storage/recorded-contents.ts';
import { executeQueueName, planQueueName, retentionQueue } from './storage/retention-queue.ts';
import type { Tables } from './storage/tables.ts';

/** What the composition root has made already. */
export interface RetentionParts {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly queues: QueueServiceClient;
  readonly blobs: BlobServiceClient;
  /** Of the identity that deletes. */
  readonly credential: TokenCredential;
  /** Repositories of a registry that have anything recorded. */
  readonly recorded: (registry: string) => AsyncIterable<string>;
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly uses: UsesPorts;
  readonly links: RecordedReferrers;
  readonly registrySettings: RegistrySettingsReader;
  readonly reader: HistoryReader;
  readonly pages: HistoryPages;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly progress: Progress;
  readonly statements: ProtectionRecordsPorts & OnceRecordedPorts;
  readonly leases: Leases;
  /** Has what people decide refused while our clock is wrong. */
  readonly dated: ReturnType<typeof clockChecked>;
  readonly log: Log;
}

/** What may go, by whom and how: part of the composition root. */
export function retentionOf(parts: RetentionParts) {
  const { settings, tables, queues, uses, holds, statements, leases, log } = parts;
  const { clock, ids } = statements;
  const policy = settings.policy?.retention;
  const plans = plansStore(tables.plans, parts.blobs);
  const queue = retentionQueue(queues.getQueueClient(planQueueName), queues.getQueueClient(executeQueueName));
  const contents = recordedContents(tables.repositories, parts.recorded);
  const content = repositoryContent({ ...uses, contents, holds });
  const deleted = inEach(parts, deletedImages);
  const coverage = sourceCoverage(uses);
  const policyHash = hashOf(settings.policy);
  const deletions = inEach(parts, registryDeletions);
  const planning = policy && {
    ...{
      plans,
      queue,
      contents,
      coverage,
      policy,
      policyHash,
      hashing,
      pattern,
      ids,
      leases,
      clock,
      log,
    },
    // Asked of the registry, so for plans alone: whoever checks images waits for the answer.
    content: repositoryContent({ ...uses, contents, holds, softDeleted: softDeletedIn(deleted, log) }),
    layers: manifestLayers(parts.contents),
    progress: parts.progress,
    softDelete: softDeleteIn(parts),
  };
  const deciding = planning && { ...statements, ...planning, canDelete: deletions.size > 0 };
  const running = policy && {
    ...statements,
    ...{ plans, queue, deletions, policy, leases, log },
    contents: parts.contents,
    stillGoes: stillGoes({ ...uses, windows: parts.windows, holds }),
  };
  const restoring = {
    ...statements,
    contents: parts.contents,
    deleted,
    referrers: parts.links.referrers,
    tagsAt: tagsAt({ reader: parts.reader, pages: parts.pages }),
    pause: (ms: number) => delay(ms),
  };
  const unplanned = async () => log.error('the policy does not say what may go any more');

  return {
    check: checkRetention({
      registries: new Set(settings.registries.map(({ loginServer }) => loginServer)),
      ...{ content, coverage, holds, policy },
    }),
    plans: {
      plans,
      decisions: listDecisions({ plans }),
      planning: deciding && {
        begin: parts.dated(beginPlan(deciding)),
        approve: parts.dated(approvePlan(deciding)),
        execute: parts.dated(executePlanSoon(deciding)),
      },
    },
    make: planning === undefined ? unplanned : makePlan(planning),
    execute: running === undefined ? unplanned : executePlan(running),
    restore: { restorable: restorableImages(restoring), restore: restoreImage(restoring) },
    giveUp: giveUpPlan({ plans, clock, log }),
    planQueueName,
    executeQueueName,
  };
}

/** What the identity that deletes does in each registry; nothing unless one is named. */
function inEach<T>(
  { settings: { registries, deleterClientId }, credential }: RetentionParts,
  make: (access: { readonly endpoint: string; readonly credential: TokenCredential }) => T,
): ReadonlyMap<string, T> {
  if (deleterClientId === undefined) return new Map();
  return new Map(
    registries.map(({ loginServer }) => [
      loginServer,
      make({ endpoint: `https://${loginServer}`, credential }),
    ]),
  );
}

/** Digests that soft delete keeps; what cannot be listed is not known. */
function softDeletedIn(deleted: ReadonlyMap<string, DeletedImages>, log: Log) {
  return async ({ registry, repository }: RepositoryId): Promise<ReadonlySet<Digest> | undefined> => {
    const images = deleted.get(registry);
    if (images === undefined) return undefined;
    try {
      const digests = new Set<Digest>();
      for await (const page of images.manifests(repository))
        for (const { digest } of page) digests.add(digest);
      return digests;
    } catch (error) {
      if (!(error instanceof AuditFault) || error.retryable) throw error;
      log.warn('what soft delete keeps could not be listed', { registry, repository, code: error.code });
      return undefined;
    }
  };
}

/** Whether what a plan deletes could be restored; what cannot be read is not known. */
function softDeleteIn({ settings: { registries }, registrySettings, log }: RetentionParts) {
  return async (registry: string): Promise<boolean | undefined> => {
    const named = registries.find(({ loginServer }) => loginServer === registry);
    if (named === undefined) return undefined;
    try {
      const { settings } = await registrySettings.read(named);
      return settings?.softDelete?.enabled;
    } catch (error) {
      log.warn('the settings of a registry could not be read', { registry, error: String(error) });
      return undefined;
    }
  };
}

/** Patterns count by their texts. */
function hashOf(policy: { readonly retention?: RetentionPolicy } | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify(policy ?? null))
    .digest('hex');
}

function hashing(): Hashing {
  const hash = createHash('sha256');
  return { update: (text) => void hash.update(text), digest: () => hash.digest('hex') };
}

/** A pattern that was read before. */
function pattern(text: string) {
  const reading = readPattern(text);
  if (reading.ok) return reading.pattern;
  throw new TypeError(`${text} ${reading.problem}`);
}
