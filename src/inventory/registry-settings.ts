import * as z from 'zod/mini';
import type { Log } from '../audit/ports.ts';
import type { RegistrySettingsReader } from '../audit/retention-ports.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { quote } from '../registry/free-text.ts';
import type { RegistryPeriod, RegistrySettings } from '../retention/registry-settings.ts';
import { type ArmOptions, armClient } from './azure-arm.ts';
import { type Problems, problemsOf } from './azure-problems.ts';
import { pathOf } from './azure-resource.ts';
import { resourceGraphRows } from './azure-resource-graph.ts';
import { type AzureScope, readableSubscriptions } from './azure-subscriptions.ts';
import { registryTasks } from './registry-tasks.ts';

export interface AzureRegistrySettingsOptions extends ArmOptions {
  /** Where registries are looked for that are known by their login server alone; nowhere unless told. */
  readonly scope?: AzureScope & {
    /** The text of `registries.kql`. */
    readonly query: string;
  };
  readonly log: Log;
}

/**
 * Previews alone tell of soft delete and of anonymous pull.
 * Source: https://learn.microsoft.com/azure/templates/microsoft.containerregistry/change-log/registries
 */
const apiVersion = '2025-05-01-preview';

const registryRow = z.object({ id: z.string(), loginServer: z.string() });

const status = z.string().check(z.regex(/^(?:enabled|disabled)$/i));
const days = z.number().check(z.int(), z.minimum(0), z.maximum(100_000));

/** One setting that is of an unknown form does not keep the others from being read: it is taken for not told. */
const registryForm = z.object({
  properties: z.object({
    loginServer: z.string(),
    adminUserEnabled: z.catch(z.optional(z.boolean()), undefined),
    anonymousPullEnabled: z.catch(z.optional(z.boolean()), undefined),
    policies: z.catch(
      z.optional(
        z.object({
          retentionPolicy: z.catch(z.optional(z.object({ days, status })), undefined),
          softDeletePolicy: z.catch(z.optional(z.object({ retentionDays: days, status })), undefined),
        }),
      ),
      undefined,
    ),
  }),
});

/**
 * The settings of registries as Azure Resource Manager has them, by the resource id of each, or else by its login server.
 * Source: https://learn.microsoft.com/rest/api/containerregistry/registries/get
 *
 * @throws TypeError when the endpoint is no origin that tokens may be sent to.
 */
export function azureRegistrySettings(options: AzureRegistrySettingsOptions): RegistrySettingsReader {
  const { log, scope } = options;
  const arm = armClient(options);

  async function locate(
    { loginServer, resourceId }: AcceptedRegistry,
    problems: Problems,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    if (resourceId !== undefined) {
      const path = pathOf(resourceId);
      if (path === undefined) problems.note(loginServer, `has no resource id in ${quote(resourceId)}`);
      return path;
    }
    if (scope === undefined) {
      problems.note(loginServer, 'has no resource id in REGISTRIES, and no source is of type azure');
      return undefined;
    }
    const subscriptions = await readableSubscriptions(arm, scope, problems, signal);
    const rows = await resourceGraphRows(arm, scope.query, subscriptions, problems, signal);
    const ids = rows.flatMap((row) => {
      const { success, data } = registryRow.safeParse(row);
      return success && data.loginServer.toLowerCase() === loginServer ? [data.id] : [];
    });
    const [id] = ids;
    const path = id === undefined ? undefined : pathOf(id);
    if (path === undefined || ids.length > 1) {
      problems.note(loginServer, 'is not one registry of the subscriptions that are read');
      return undefined;
    }
    return path;
  }

  return {
    async read(registry, signal) {
      const problems = problemsOf(log, signal);
      const settings = await problems.guard(registry.loginServer, async () => {
        const path = await locate(registry, problems, signal);
        if (path === undefined) return undefined;
        const found = await arm.find(path, apiVersion, signal);
        const told = settingsOf(registry, found, problems);
        if (told === undefined) return undefined;
        const { tasks, isWhole } = await registryTasks(arm, path, problems, signal);
        return { ...told, tasks, hasAllTasks: isWhole };
      });
      signal?.throwIfAborted();
      return { problems: problems.found(), ...(settings === undefined ? {} : { settings }) };
    },
  };
}

function settingsOf(
  { loginServer }: AcceptedRegistry,
  found: unknown,
  problems: Problems,
): Omit<RegistrySettings, 'tasks' | 'hasAllTasks'> | undefined {
  const { success, data } = registryForm.safeParse(found);
  if (!success) {
    problems.note(
      loginServer,
      found === undefined ? 'does not exist there' : 'was answered without settings',
    );
    return undefined;
  }
  const { loginServer: told, adminUserEnabled, anonymousPullEnabled, policies } = data.properties;
  if (told.toLowerCase() !== loginServer) {
    // Another's settings would say nothing of this one.
    problems.note(loginServer, `has the resource id of a registry that is ${quote(told)}`);
    return undefined;
  }
  const { retentionPolicy, softDeletePolicy } = policies ?? {};
  const named = { retentionPolicy, softDeletePolicy, anonymousPullEnabled, adminUserEnabled };
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) problems.note(loginServer, `does not tell its ${name}`);
  }
  return {
    ...(retentionPolicy && { retentionPolicy: period(retentionPolicy.days, retentionPolicy.status) }),
    ...(softDeletePolicy && { softDelete: period(softDeletePolicy.retentionDays, softDeletePolicy.status) }),
    ...(anonymousPullEnabled === undefined ? {} : { anonymousPull: anonymousPullEnabled }),
    ...(adminUserEnabled === undefined ? {} : { adminUser: adminUserEnabled }),
  };
}

function period(length: number, told: string): RegistryPeriod {
  return { days: length, enabled: told.toLowerCase() === 'enabled' };
}
