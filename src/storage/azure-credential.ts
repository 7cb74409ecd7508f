import type { TokenCredential } from '@azure/core-auth';

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
  return {
    async getToken(scopes, options) {
      made ??= make();
      return (await made).getToken(scopes, options);
    },
  };
}
