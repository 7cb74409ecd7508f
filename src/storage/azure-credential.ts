import type { TokenCredential } from '@azure/core-auth';

/** Milliseconds in which a token has to come: no call to storage that waits for it may take longer, and Event Grid waits 30 s. */
const tokenTimeoutMs = 15_000;

/**
 * The app's identity in Azure. Its library is half of what the app would have to load, so it is loaded when the first
 * token is asked for.
 */
export function azureCredential(clientId: string | undefined): TokenCredential {
  let made: Promise<TokenCredential> | undefined;
  const make = async () => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
  };
  return promptCredential({
    async getToken(scopes, options) {
      made ??= make();
      return (await made).getToken(scopes, options);
    },
  });
}

/**
 * A credential that throws when no token comes in time. The endpoints of identities heed no signal: a call that waits for
 * one of them would wait without end, whatever its own limit is.
 */
export function promptCredential(credential: TokenCredential): TokenCredential {
  return {
    async getToken(scopes, options) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new Error(`The identity gave no token in ${tokenTimeoutMs / 1_000} seconds`)),
        tokenTimeoutMs,
      );
      try {
        return await Promise.race([credential.getToken(scopes, options), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
