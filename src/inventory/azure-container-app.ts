import * as z from 'zod/mini';
import { parseTimestamp } from '../registry/timestamp.ts';
import type { ClaimState, ReportedClaim } from '../workloads/claim.ts';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';
import { type AzureResource, claimOf, type NamedImage } from './azure-resource.ts';
import { partsOf } from './azure-resource-parts.ts';
import { templateImages } from './azure-template.ts';

/** Of Container Apps and their jobs. */
export const appApiVersion = '2026-01-01';

const revision = z.object({
  name: z.string(),
  properties: z.object({
    createdTime: z.nullish(z.string()),
    active: z.nullish(z.boolean()),
    trafficWeight: z.nullish(z.number()),
    replicas: z.nullish(z.number()),
    template: z.unknown(),
  }),
});

/**
 * What a container app claims: its revisions, those it can go back to included, and its latest template where no active
 * revision has it.
 * Source: https://learn.microsoft.com/rest/api/resource-manager/containerapps/container-apps-revisions/list-revisions
 */
export async function containerAppClaims(
  arm: Arm,
  app: AzureResource,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly ReportedClaim[]> {
  const { items, isGone } = await partsOf(
    arm,
    app,
    { part: 'revisions', apiVersion: appApiVersion },
    problems,
    signal,
  );
  if (isGone) return [];
  const claims = items.flatMap((item) => revisionClaims(app, item, problems));
  const active = new Set(
    claims
      .filter(({ state }) => state !== 'rollback')
      .map(({ workload, image }) => imageKey({ ...workload, image })),
  );
  const template = app.images
    .filter((named) => !active.has(imageKey(named)))
    .map((named) =>
      claimOf(app, named, {
        state: 'desired',
        ...(app.revision === '' ? {} : { revision: app.revision }),
      }),
    );
  return [...claims, ...template];
}

function revisionClaims(app: AzureResource, item: unknown, problems: Problems): readonly ReportedClaim[] {
  const read = revision.safeParse(item);
  if (!read.success) {
    problems.note(app.where, 'has a revision that cannot be read');
    return [];
  }
  const { name, properties } = read.data;
  const since = parseTimestamp(properties.createdTime ?? '');
  return templateImages(properties.template, `${app.where} revision ${name}`, problems).map((named) =>
    claimOf(app, named, {
      state: stateOf(app, properties),
      revision: name,
      ...(since === undefined ? {} : { since }),
    }),
  );
}

/** Scaled to zero, or stopped, the next start pulls again. One that isn't said to be inactive could be started. */
function stateOf(
  app: AzureResource,
  { active, trafficWeight, replicas }: z.output<typeof revision>['properties'],
): ClaimState {
  if (active === false) return 'rollback';
  if (typeof replicas === 'number') return replicas > 0 ? 'running' : 'desired';
  return (trafficWeight ?? 0) > 0 && app.state !== 'Stopped' ? 'running' : 'desired';
}

function imageKey({ container, image }: NamedImage): string {
  return JSON.stringify([container, image]);
}
