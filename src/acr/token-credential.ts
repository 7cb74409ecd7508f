import type { TokenCredential } from '@azure/core-auth';

/** A credential that is one token, good for a stand-in that takes any. */
export function tokenCredential(token: string): TokenCredential {
  return { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
}
