import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import type { RoleMode } from '../audit/registry-grants.ts';
import { type ArmOptions, armClient } from './azure-arm.ts';
import { pathOf } from './azure-resource.ts';

/** What an identity may do in Azure Resource Manager, tried by calls that change nothing. Faults are those of {@link armClient}. */
export interface AzurePermissions {
  /** Which role assignments a registry heeds; `undefined` when it does not say. */
  roleMode(resourceId: string): Promise<RoleMode | undefined>;
  mayReadRegistry(resourceId: string): Promise<boolean>;
  mayListTasks(resourceId: string): Promise<boolean>;
  /** Whether it may change the registry itself: tried by pinging a webhook that is not there, which Contributor may. */
  mayAdminister(resourceId: string): Promise<boolean>;
  mayReadSubscription(id: string): Promise<boolean>;
}

/** Stable since it tells of role assignments: https://learn.microsoft.com/azure/templates/microsoft.containerregistry/registries */
const registryVersion = '2025-11-01';
const tasksVersion = '2019-04-01';
const subscriptionsVersion = '2022-12-01';
/** Of the form that names of webhooks have, and no webhook's. */
const absentWebhook = 'acrauditpreflight';

const registryForm = z.object({
  properties: z.object({
    roleAssignmentMode: z.optional(z.enum(['LegacyRegistryPermissions', 'AbacRepositoryPermissions'])),
  }),
});

/** @throws TypeError when the endpoint is no origin that tokens may be sent to. */
export function azurePermissions(options: ArmOptions): AzurePermissions {
  const arm = armClient(options);
  return {
    async roleMode(resourceId) {
      const read = registryForm.safeParse(await arm.find(checked(resourceId), registryVersion));
      return read.success ? read.data.properties.roleAssignmentMode : undefined;
    },
    mayReadRegistry: (resourceId) => isAllowed(() => arm.find(checked(resourceId), registryVersion)),
    mayListTasks: (resourceId) =>
      isAllowed(() => arm.list(`${checked(resourceId)}/tasks`, tasksVersion).next()),
    mayAdminister: (resourceId) =>
      isAllowed(() => arm.ask(`${checked(resourceId)}/webhooks/${absentWebhook}/ping`, registryVersion, {})),
    // Of a subscription that may not be read, Azure says that it is not there.
    mayReadSubscription: (id) =>
      isAllowed(
        () => arm.find(`/subscriptions/${encodeURIComponent(id)}`, subscriptionsVersion),
        ['azure-404'],
      ),
  };
}

function checked(resourceId: string): string {
  const path = pathOf(resourceId);
  if (path !== undefined) return path;
  throw new AuditFault('azure-name', 'the registry has no resource id that could be asked for', {
    retryable: false,
  });
}

/** Rights are looked at before what is asked for is looked up. */
async function isAllowed(ask: () => Promise<unknown>, refusals: readonly string[] = []): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (!(error instanceof AuditFault)) throw error;
    if (error.code === 'azure-403' || refusals.includes(error.code)) return false;
    if (error.code === 'azure-404') return true;
    throw error;
  }
}
