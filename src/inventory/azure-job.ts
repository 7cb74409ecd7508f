import * as z from 'zod/mini';
import { parseTimestamp } from '../registry/timestamp.ts';
import type { ReportedClaim } from '../workloads/claim.ts';
import type { Arm } from './azure-arm.ts';
import { appApiVersion } from './azure-container-app.ts';
import type { Problems } from './azure-problems.ts';
import { type AzureResource, claimOf } from './azure-resource.ts';
import { partsOf } from './azure-resource-parts.ts';
import { templateImages } from './azure-template.ts';

const execution = z.object({
  name: z.string(),
  properties: z.object({
    status: z.nullish(z.string()),
    startTime: z.nullish(z.string()),
    template: z.unknown(),
  }),
});

/** What an execution that ended says of itself; with any other status it may still run. */
const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'stopped']);

/**
 * What a job claims: its template for the next execution, and what the executions under way were started with.
 * Source: https://learn.microsoft.com/rest/api/resource-manager/containerapps/jobs-executions/list
 */
export async function jobClaims(
  arm: Arm,
  job: AzureResource,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly ReportedClaim[]> {
  const { items, isGone } = await partsOf(
    arm,
    job,
    { part: 'executions', apiVersion: appApiVersion },
    problems,
    signal,
  );
  if (isGone) return [];
  const template = job.images.map((named) => claimOf(job, named, { state: 'desired' }));
  return [...template, ...items.flatMap((item) => executionClaims(job, item, problems))];
}

function executionClaims(job: AzureResource, item: unknown, problems: Problems): readonly ReportedClaim[] {
  const read = execution.safeParse(item);
  if (!read.success) {
    problems.note(job.where, 'has an execution that cannot be read');
    return [];
  }
  const { name, properties } = read.data;
  if (ended.has((properties.status ?? '').toLowerCase())) return [];
  const since = parseTimestamp(properties.startTime ?? '');
  return templateImages(properties.template, `${job.where} execution ${name}`, problems).map((named) =>
    claimOf(job, named, { state: 'running', revision: name, ...(since === undefined ? {} : { since }) }),
  );
}
