import { DefaultAzureCredential } from '@azure/identity';

/**
 * A token of Entra ID: of the environment, a workload or managed identity, or who is signed in to a developer's tools.
 * Source: https://learn.microsoft.com/javascript/api/@azure/identity/defaultazurecredential
 */
export async function entraToken(scope: string): Promise<string> {
  return (await new DefaultAzureCredential().getToken(scope)).token;
}
