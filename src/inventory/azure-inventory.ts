import { concurrently } from '../audit/concurrently.ts';
import type { InventorySource } from '../audit/inventory-ports.ts';
import type { Log } from '../audit/ports.ts';
import type { ReportedClaim } from '../workloads/claim.ts';
import { type Arm, type ArmOptions, armClient } from './azure-arm.ts';
import { containerAppClaims } from './azure-container-app.ts';
import { jobClaims } from './azure-job.ts';
import { type Problems, problemsOf } from './azure-problems.ts';
import { type AzureResource, azureResources, claimOf } from './azure-resource.ts';
import { resourceGraphRows } from './azure-resource-graph.ts';
import { type ReadCompose, siteClaims } from './azure-site.ts';
import { type AzureScope, concurrentRequests, readableSubscriptions } from './azure-subscriptions.ts';

export interface AzureInventoryOptions extends ArmOptions, AzureScope {
  /** The text of `workloads.kql`. */
  readonly query: string;
  /** The tag that names who answers for a resource, `owner` unless told. */
  readonly ownerTag?: string;
  readonly readCompose: ReadCompose;
  readonly log: Log;
}

/**
 * The images that Container Apps, their jobs and session pools, Container Instances, App Service and Functions claim in
 * subscriptions of Azure. None of these tells what it pulled: claims carry the reference as it is configured.
 *
 * @throws TypeError when the endpoint is no origin that tokens may be sent to.
 */
export function azureInventory(options: AzureInventoryOptions): InventorySource {
  const { query, ownerTag = 'owner', readCompose, log, now } = options;
  const arm = armClient(options);
  return {
    async read(signal) {
      const startedAt = now();
      const problems = problemsOf(log, signal);
      const subscriptions = await readableSubscriptions(arm, options, problems, signal);
      const rows = await resourceGraphRows(arm, query, subscriptions, problems, signal);
      const resources = azureResources(rows, ownerTag, problems);
      // Pages that overlap tell the same twice.
      const claims = new Map<string, ReportedClaim>();
      await concurrently(resources, concurrentRequests, async (resource) => {
        const read = await problems.guard(resource.where, () =>
          claimsOf(arm, resource, readCompose, problems, signal),
        );
        for (const claim of read ?? []) claims.set(JSON.stringify(claim), claim);
      });
      signal?.throwIfAborted();
      const found = problems.found();
      log.info('azure inventory read', {
        subscriptions: subscriptions.length,
        resources: resources.length,
        claims: claims.size,
        problems: found.length,
        milliseconds: now() - startedAt,
      });
      return { claims: [...claims.values()], problems: found };
    },
  };
}

async function claimsOf(
  arm: Arm,
  resource: AzureResource,
  readCompose: ReadCompose,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly ReportedClaim[]> {
  switch (resource.type) {
    case 'microsoft.app/containerapps':
      return containerAppClaims(arm, resource, problems, signal);
    case 'microsoft.app/jobs':
      return jobClaims(arm, resource, problems, signal);
    case 'microsoft.web/sites':
    case 'microsoft.web/sites/slots':
      return siteClaims(arm, resource, readCompose, problems, signal);
    default: {
      // Stopped groups, profiles and pools start from the same template.
      const state = resource.state.toLowerCase() === 'running' ? 'running' : 'desired';
      return resource.images.map((named) => claimOf(resource, named, { state }));
    }
  }
}
