import { AuditFault } from '../audit/fault.ts';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';
import type { AzureResource } from './azure-resource.ts';

/** A list of a resource that Resource Graph does not have. */
interface PartList {
  readonly part: 'revisions' | 'executions' | 'sitecontainers';
  readonly apiVersion: string;
}

/** What could be had of a list; `isGone` when the resource was deleted since Resource Graph looked. */
interface Parts {
  readonly items: readonly unknown[];
  readonly isGone: boolean;
}

/** Reads a list of a resource as far as it can be read. That it ends early is a problem, unless the resource is gone. */
export async function partsOf(
  arm: Arm,
  resource: AzureResource,
  { part, apiVersion }: PartList,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<Parts> {
  const items: unknown[] = [];
  const isGone = await problems.guard(resource.where, async () => {
    try {
      for await (const page of arm.list(`${resource.path}/${part}`, apiVersion, signal)) items.push(...page);
      return false;
    } catch (error) {
      const isMissing = error instanceof AuditFault && error.code === 'azure-404';
      if (isMissing && (await arm.find(resource.path, apiVersion, signal)) === undefined) return true;
      throw error;
    }
  });
  return { items, isGone: isGone === true };
}
