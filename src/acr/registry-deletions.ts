import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerRegistryClient } from '@azure/container-registry';
import type { TokenCredential } from '@azure/core-auth';
import { AuditFault } from '../audit/fault.ts';
import type { DeletionOutcome, RegistryDeletions } from '../audit/retention-ports.ts';
import { parseDigest } from '../registry/digest.ts';
import type { OperationOptions } from './raw-answer.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { absenceIn, isTokenRequest, type Question, unreadable } from './registry-fault.ts';
import { questionOf, readEndpoint } from './registry-question.ts';

export interface RegistryDeletionsOptions extends Omit<RegistryAccess, 'timeoutMs' | 'credential'> {
  /** Of the identity that may delete, which is another than those that read and lock. */
  readonly credential: TokenCredential;
  /**
   * Deletions begun in a minute at most, 400 unless told: a registry of the smallest tier takes 500 of one identity
   * (https://learn.microsoft.com/azure/container-registry/container-registry-skus).
   */
  readonly perMinute?: number;
  /** Milliseconds one attempt of one call may take, 30 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
  /** Waits some milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** Monotonic milliseconds, `performance.now` unless told. */
  readonly now?: () => number;
}

const absences = ['TAG_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'];
/** What a registry refuses for want of a right, or since it is locked: trying again is no use. */
const refusals = /^registry-40[135]$/;

/**
 * Deletes in an Azure Container Registry, through its data plane and with clients of their own, so that no token for deleting
 * is held by what reads. Locks are never touched. Faults are those of `registryContent`.
 * @throws TypeError when the endpoint isn't the https address of a registry.
 */
export function registryDeletions(options: RegistryDeletionsOptions): RegistryDeletions {
  const { endpoint, registry } = readEndpoint(options.endpoint);
  const { timeoutMs = 30_000, retry = {}, perMinute = 400, pause = (ms) => delay(ms) } = options;
  const now = options.now ?? (() => performance.now());
  const clients = registryClients({ ...options, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry });
  let nextAt = 0;

  /** Waits until another deletion may begin. */
  async function turn(): Promise<void> {
    const at = Math.max(now(), nextAt);
    nextAt = at + 60_000 / perMinute;
    if (at > now()) await pause(at - now());
  }

  async function remove(
    repository: string,
    asked: Question,
    send: (client: ContainerRegistryClient, operation: OperationOptions) => Promise<unknown>,
  ): Promise<DeletionOutcome> {
    await turn();
    try {
      const outcome = await call(asked, absences, (abortSignal) => sent(abortSignal));
      return { outcome: outcome ?? 'absent' };
    } catch (error) {
      if (!(error instanceof AuditFault) || !refusals.test(error.code)) throw error;
      return { outcome: 'refused', code: error.code };
    }

    async function sent(abortSignal: AbortSignal): Promise<'deleted' | 'absent'> {
      let outcome: 'deleted' | 'absent' | undefined;
      await send(clients.metadata(repository), {
        abortSignal,
        // The SDK takes every 404 for a success, of a proxy's as well.
        onResponse({ status, request, bodyAsText }) {
          if (isTokenRequest(request.url)) return;
          if (status === 202) outcome = 'deleted';
          else if (status === 404) outcome = absenceIn(bodyAsText ?? '', absences) ? 'absent' : undefined;
        },
      });
      if (outcome !== undefined) return outcome;
      throw unreadable(asked, [{ field: '$', problem: 'is no answer to a deletion' }]);
    }
  }

  return {
    untag(repository, tag) {
      const asked = questionOf(registry, `remove the tag ${repository}:${tag}`, repository, tag);
      return remove(repository, asked, (client, operation) =>
        client.getArtifact(repository, tag).deleteTag(tag, operation),
      );
    },
    async deleteManifest(repository, digest) {
      // An empty text, or a tag, would delete something else: what is sent is what was checked.
      const checked = parseDigest(digest);
      if (checked === undefined) throw new TypeError('a manifest is deleted by its digest alone');
      const asked = questionOf(registry, `delete ${repository}@${checked}`, repository);
      return remove(repository, asked, (client, operation) =>
        client.getArtifact(repository, checked).delete(operation),
      );
    },
  };
}
