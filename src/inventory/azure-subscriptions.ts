import * as z from 'zod/mini';
import { concurrently } from '../audit/concurrently.ts';
import { quote } from '../registry/free-text.ts';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';

/** What of Azure is looked at. */
export interface AzureScope {
  /** Subscription ids. */
  readonly subscriptions: readonly string[];
  /** Ids of management groups, each for every subscription below it. */
  readonly managementGroups?: readonly string[];
}

/** How many requests are under way at once. */
export const concurrentRequests = 4;

const subscriptionId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const managementGroupId = /^[\w.()-]{1,90}$/;

const descendant = z.object({ name: z.string(), type: z.string() });

/**
 * The subscriptions of a scope, lower-case, each held against Azure Resource Manager: Resource Graph leaves out what the
 * caller may not read without a word, so that one which cannot be read would look like one without workloads.
 * Sources: https://learn.microsoft.com/rest/api/resources/subscriptions/get,
 * https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
 */
export async function readableSubscriptions(
  arm: Arm,
  { subscriptions, managementGroups = [] }: AzureScope,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const named = new Set<string>();
  for (const id of subscriptions) name(id);
  for (const group of managementGroups) {
    const where = `management group ${quote(group)}`;
    if (managementGroupId.test(group)) await problems.guard(where, () => nameDescendants(group, where));
    else problems.note(where, 'is not the id of a management group');
  }

  const readable = new Set<string>();
  await concurrently([...named], concurrentRequests, async (id) => {
    const where = `subscription ${id}`;
    await problems.guard(where, async () => {
      const found = await arm.find(`/subscriptions/${id}`, '2022-12-01', signal);
      if (found === undefined) problems.note(where, 'does not exist, or may not be read');
      else readable.add(id);
    });
  });
  return [...named].filter((id) => readable.has(id));

  function name(id: string): void {
    const known = id.toLowerCase();
    if (subscriptionId.test(known)) named.add(known);
    else problems.note(`subscription ${quote(id)}`, 'is not the id of a subscription');
  }

  async function nameDescendants(group: string, where: string): Promise<void> {
    const path = `/providers/Microsoft.Management/managementGroups/${encodeURIComponent(group)}/descendants`;
    for await (const items of arm.list(path, '2020-05-01', signal)) {
      for (const item of items) {
        const read = descendant.safeParse(item);
        if (!read.success) problems.note(where, 'has a descendant that cannot be read');
        else if (/\/subscriptions$/i.test(read.data.type)) name(read.data.name);
      }
    }
  }
}
