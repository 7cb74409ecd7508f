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
  readonly inventory: Table;
  readonly findings: Table;
  readonly workloads: Table;
  readonly plans: Table;
}

/** Makes the client of a table by its name. */
export type TableClientOf = (table: string) => TableClient;

/** The audit's tables by a connection string: one machine, or an account with shared keys. */
export function clientsByConnectionString(connectionString: string): TableClientOf {
  // Plain http is for a stand-in on one machine, whose connection string names its endpoint so.
  const allowInsecureConnection = /(^|;)TableEndpoint=http:/i.test(connectionString);
  return (table) => TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection });
}

/** The audit's tables by an identity. */
export function clientsByIdentity(tableServiceUri: string, credential: TokenCredential): TableClientOf {
  return (table) => new TableClient(tableServiceUri, table, credential);
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
    inventory: table('inventory'),
    findings: table('findings'),
    workloads: table('workloads'),
    plans: table('plans'),
  };
}
