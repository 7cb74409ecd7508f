import type { TokenCredential } from '@azure/core-auth';
import type { InventorySource, VulnerabilityReports } from '../audit/inventory-ports.ts';
import type { Clock, Log } from '../audit/ports.ts';
import type { SourceAccess } from '../workloads/source.ts';
import { azureInventory } from './azure-inventory.ts';
import { azureVulnerabilities } from './azure-vulnerabilities.ts';
import { readCompose } from './submitted-compose.ts';

export interface AzureSourceOptions {
  readonly access: Extract<SourceAccess, { type: 'azure' }>;
  readonly credential: TokenCredential;
  /** That of the cloud, `https://management.azure.com` unless told. */
  readonly armEndpoint?: string;
  readonly ownerLabel?: string;
  /** The texts of the queries that Resource Graph is asked. */
  readonly queries: { readonly workloads: string; readonly vulnerabilities: string };
  readonly clock: Clock;
  readonly log: Log;
}

/** Subscriptions of Azure as a source of the inventory, and what Defender found in the images of their registries. */
export function azureSource(options: AzureSourceOptions): InventorySource & VulnerabilityReportsOf {
  const { access, ownerLabel, queries, clock, armEndpoint, credential, log } = options;
  const { subscriptions, managementGroups } = access;
  const common = {
    subscriptions,
    managementGroups,
    credential,
    now: () => clock.now(),
    log,
    ...(armEndpoint === undefined ? {} : { armEndpoint }),
  };
  const inventory = azureInventory({
    ...common,
    query: queries.workloads,
    readCompose,
    ...(ownerLabel === undefined ? {} : { ownerTag: ownerLabel }),
  });
  const vulnerabilities = azureVulnerabilities({ ...common, query: queries.vulnerabilities });
  return { read: (signal) => inventory.read(signal), vulnerabilities };
}

/** What a source of Azure has beside its workloads. */
interface VulnerabilityReportsOf {
  readonly vulnerabilities: VulnerabilityReports;
}
