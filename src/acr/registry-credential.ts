import type { TokenCredential } from '@azure/core-auth';
import { AuditFault } from '../audit/fault.ts';

/**
 * The credential with its failures told as faults `registry-credential`: permanent when Microsoft Entra refused,
 * retryable when it, or the identity endpoint of the machine, could not be asked.
 */
export function registryCredential(credential: TokenCredential, registry: string): TokenCredential {
  return {
    async getToken(scopes, options) {
      try {
        return await credential.getToken(scopes, options);
      } catch (cause) {
        throw new AuditFault('registry-credential', `No Microsoft Entra token for ${registry} could be got`, {
          retryable: !isRefusal(cause),
          cause,
        });
      }
    },
  };
}

/** By the status that an `AuthenticationError` of `@azure/identity` carries, which needn't be loaded for this. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return false;
  const { statusCode } = error;
  return (
    typeof statusCode === 'number' &&
    statusCode >= 400 &&
    statusCode < 500 &&
    statusCode !== 408 &&
    statusCode !== 429
  );
}
