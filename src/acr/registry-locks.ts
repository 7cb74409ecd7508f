import type { ContainerRegistryClient } from '@azure/container-registry';
import type { TokenCredential } from '@azure/core-auth';
import type { RegistryLocks } from '../audit/registry-locks.ts';
import { checkedTarget, type LockFlags, type LockTarget } from '../protection/lock-target.ts';
import type { OperationOptions } from './raw-answer.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { isTokenRequest, unreadable } from './registry-fault.ts';
import { questionOf, readEndpoint } from './registry-question.ts';

export interface RegistryLocksOptions extends Omit<RegistryAccess, 'timeoutMs' | 'credential'> {
  /** Of the identity that may write metadata, which is another than the one that reads. */
  readonly credential: TokenCredential;
  /** Milliseconds one attempt of one call may take, 30 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

const absences = ['TAG_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'];

/**
 * The locks of an Azure Container Registry, through its data plane and with clients of their own, so that no token for
 * writing is held by what reads. Faults are those of `registryContent`.
 * @throws TypeError when the endpoint isn't the https address of a registry.
 */
export function registryLocks(options: RegistryLocksOptions): RegistryLocks {
  const { endpoint, registry } = readEndpoint(options.endpoint);
  const { timeoutMs = 30_000, retry = {} } = options;
  const clients = registryClients({ ...options, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry });

  return {
    async set(repository, target, { canDelete, canWrite }) {
      const flags = { canDelete, canWrite };
      // Made anew, so that what is sent is what was checked.
      const checked = checkedTarget(target);
      const asked = questionOf(registry, `set the lock of ${nameOf(repository, checked)}`, repository);
      const outcome = await call(asked, absences, async (abortSignal) => {
        let isSet = false;
        const operation: OperationOptions = {
          abortSignal,
          // Also called for a request for a token that fails.
          onResponse({ status, request }) {
            if (status === 200 && !isTokenRequest(request.url)) isSet = true;
          },
        };
        try {
          await update(clients.metadata(repository), repository, checked, { ...flags, ...operation });
        } catch (error) {
          // It was set, whatever the SDK makes of the answer: that is stale or not, and read back in any case.
          if (!isSet) throw error;
        }
        if (!isSet) throw unreadable(asked, [{ field: '$', problem: 'is missing' }]);
        return 'set' as const;
      });
      return outcome ?? 'missing';
    },
  };
}

/** Neither way looks anything up first: the SDK resolves a tag only where the manifest behind it is meant. */
function update(
  client: ContainerRegistryClient,
  repository: string,
  target: LockTarget,
  change: LockFlags & OperationOptions,
): Promise<unknown> {
  return target.kind === 'manifest'
    ? client.getArtifact(repository, target.digest).updateManifestProperties(change)
    : client.getArtifact(repository, target.tag).updateTagProperties(target.tag, change);
}

function nameOf(repository: string, target: LockTarget): string {
  return target.kind === 'manifest' ? `${repository}@${target.digest}` : `${repository}:${target.tag}`;
}
