import type { TokenCredential } from '@azure/core-auth';
import { createDefaultHttpClient } from '@azure/core-rest-pipeline';
import { TableClient } from '@azure/data-tables';
import type { Table } from './row.ts';
import { tableStorage } from './table-storage.ts';

/** The tables the audit keeps. */
export interface Tables {
  readonly repositories: Table;
  readonly digests: Table;
  readonly log: Table;
  readonly rejected: Table;
}

/** Makes the client of a table by its name. */
export type TableClientOf = (table: string) => TableClient;

/** The audit's tables by a connection string: one machine, or an account with shared keys. */
export function clientsByConnectionString(connectionString: string): TableClientOf {
  // Plain http is for a stand-in on one machine, whose connection string names its endpoint so.
  const allowInsecureConnection = /(^|;)TableEndpoint=http:/i.test(connectionString);
  return (table) => TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection });
}

/** The audit's tables by managed identity. */
export function clientsByIdentity(tableServiceUri: string, clientId?: string): TableClientOf {
  const credential = onFirstUse(async () => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
  });
  return (table) => new TableClient(tableServiceUri, table, credential);
}

/** A credential made when the first token is asked for: its library is half of what the app would have to load. */
function onFirstUse(make: () => Promise<TokenCredential>): TokenCredential {
  let made: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      made ??= make();
      return (await made).getToken(scopes, options);
    },
  };
}

/** The audit's tables, sharing one HTTP client. */
export function tablesOf(clientOf: TableClientOf): Tables {
  const httpClient = createDefaultHttpClient();
  const table = (name: string) => tableStorage(clientOf(name), httpClient);
  return {
    repositories: table('repositories'),
    digests: table('digests'),
    log: table('log'),
    rejected: table('rejected'),
  };
}
