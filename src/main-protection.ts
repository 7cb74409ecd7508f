import { setTimeout as delay } from 'node:timers/promises';
import type { TokenCredential } from '@azure/core-auth';
import type { QueueServiceClient } from '@azure/storage-queue';
import { registryLocks } from './acr/registry-locks.ts';
import { approveImage, changeApproval } from './audit/approvals.ts';
import { askedWork, askForWork } from './audit/asked-work.ts';
import type { clockChecked } from './audit/clock-checked.ts';
import { enforceAfterPush, enforceLocks, enforceNext, enforceNow } from './audit/enforce-locks.ts';
import { enforceRepository } from './audit/enforce-repository.ts';
import type { Findings } from './audit/findings.ts';
import { changeHold, placeHold } from './audit/holds.ts';
import { measuredEnforcement } from './audit/measured.ts';
import type { Metrics } from './audit/metrics.ts';
import type { Leases, Log } from './audit/ports.ts';
import type { Uses } from './audit/protection-ports.ts';
import type { ProtectionRecordsPorts } from './audit/protection-records.ts';
import type { Pseudonyms } from './audit/pseudonyms.ts';
import type { RegistryContent } from './audit/registry-content.ts';
import { verifyDeployment } from './audit/verify-deployment.ts';
import type { RepositoryId } from './history/fact.ts';
import type { Hold } from './protection/hold.ts';
import type { ApprovalWindow } from './protection/rollback-window.ts';
import type { Settings } from './settings.ts';
import { enforcementQueue, enforcementQueueName } from './storage/enforcement-queue.ts';
import { knownLocks } from './storage/known-locks.ts';
import { protectionIndex } from './storage/protection-index.ts';
import type { Tables } from './storage/tables.ts';
import { turnRecords } from './storage/turn-records.ts';

/** What the composition root has made already. */
export interface ProtectionParts {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly queues: QueueServiceClient;
  /** Of the identity that locks. */
  readonly credential: TokenCredential;
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly statements: ProtectionRecordsPorts;
  readonly pseudonyms: { readonly pseudonyms?: Pseudonyms };
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly uses: Uses;
  readonly findings: Findings;
  readonly leases: Leases;
  /** Has what people decide refused while our clock is wrong. */
  readonly dated: ReturnType<typeof clockChecked>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Approvals, locks and holds: part of the composition root. */
export function protectionOf(parts: ProtectionParts) {
  const { settings, tables, contents, statements, windows, holds, findings, leases, dated, log } = parts;
  const { policy } = settings;
  const { states, clock } = statements;
  const index = protectionIndex(tables.inventory);
  const known = knownLocks(tables.repositories);
  const queue = enforcementQueue(parts.queues.getQueueClient(enforcementQueueName));
  const turns = turnRecords(tables.inventory, 'enforced');
  const ask = askForWork({
    turns,
    send: (repository, afterTurn, delayMs) => queue.add({ ...repository, afterTurn }, delayMs),
    clock,
  });
  const lockers = new Map(
    settings.registries.map(({ loginServer }) => [
      loginServer,
      registryLocks({ endpoint: `https://${loginServer}`, credential: parts.credential }),
    ]),
  );
  const enforcing = enforceRepository({
    ...statements,
    ...{ contents, lockers, index, known, uses: parts.uses, holds, findings, leases, log },
    pause: (ms) => delay(ms),
  });
  const enforce = measuredEnforcement(enforcing, parts.metrics);
  const asked = askedWork({ work: enforce, turns, clock });

  return {
    index,
    /** Has a repository looked at after a push that matters to its protection. */
    onRecorded: enforceAfterPush(policy, { index, queue, ask }),
    functions: {
      beginEnforcement: enforceLocks({ registries: [...contents.keys()], index, queue, log }),
      enforce: enforceNext({ ...statements, policy, contents, index, enforce: asked, log }),
      queueName: enforcementQueueName,
    },
    approvals: {
      approve:
        policy && dated(approveImage({ ...statements, ...parts.pseudonyms, contents, index, known, policy })),
      change: dated(changeApproval(statements)),
      windows,
      enforce: enforceNow({ enforce, queue, log }),
      index,
    },
    holding: {
      place: dated(placeHold(statements)),
      change: dated(changeHold(statements)),
      all: holds,
      async registryOf(approval: string) {
        for (const registry of contents.keys()) {
          if ((await index.repositoryOf(registry, approval)) !== undefined) return registry;
        }
        return undefined;
      },
    },
    verify: policy && verifyDeployment({ contents, known, states, holds, policy, clock }),
  };
}
