import type { PlanHeader } from '../audit/retention-ports.ts';
import type { RepositoryId } from '../history/fact.ts';
import { formatReference } from '../registry/reference.ts';
import type { PlanItem } from '../retention/plan.ts';
import { isoTime } from './history-entry.ts';

/** Columns of plans as CSV. */
export const planColumns = [
  'id',
  'registry',
  'repositories',
  'state',
  'createdAt',
  'createdBy',
  'untag',
  'delete',
  'freedAtLeast',
  'freedAtMost',
  'blocks',
  'hash',
  'approvedBy',
  'approvedAt',
  'executedBy',
  'executedAt',
  'finishedAt',
  'stoppedBecause',
] as const;

/** A plan as the API gives it; absent properties are left out. */
export function planOf({ inputs, createdAt, approvedAt, executedAt, finishedAt, ...plan }: PlanHeader) {
  const { historyAt, sources, policyHash } = inputs;
  return {
    ...plan,
    createdAt: isoTime(createdAt),
    inputs: {
      ...(historyAt === undefined ? {} : { historyAt: isoTime(historyAt) }),
      sources: sources.map(({ completeAt, ...source }) => ({
        ...source,
        ...(completeAt === undefined ? {} : { completeAt: isoTime(completeAt) }),
      })),
      policyHash,
    },
    ...(approvedAt === undefined ? {} : { approvedAt: isoTime(approvedAt) }),
    ...(executedAt === undefined ? {} : { executedAt: isoTime(executedAt) }),
    ...(finishedAt === undefined ? {} : { finishedAt: isoTime(finishedAt) }),
  };
}

/** A plan's cells, by {@link planColumns}. */
export function planCells(plan: ReturnType<typeof planOf>) {
  const { inputs: _, caps: __, counts, freed, blocks, softDelete: ___, done: ____, ...cells } = plan;
  return {
    ...cells,
    untag: counts.untag,
    delete: counts.delete,
    freedAtLeast: freed.atLeast,
    freedAtMost: freed.atMost,
    blocks: blocks.join('; '),
  };
}

/** Columns of what a plan decides as CSV. */
export const decisionColumns = [
  'image',
  'registry',
  'repository',
  'tag',
  'digest',
  'action',
  'reasons',
  'order',
  'freedAtLeast',
  'freedAtMost',
] as const;

/** What a plan decides of a tag or manifest, as the API gives it. */
export function decisionOf({ registry, repository }: RepositoryId, item: PlanItem) {
  const { tag, digest } = item;
  const image = formatReference({ registry, repository, ...(tag === undefined ? { digest } : { tag }) });
  return { image, registry, repository, ...item };
}

/** Its cells, by {@link decisionColumns}. */
export function decisionCells({ reasons, freed, ...cells }: ReturnType<typeof decisionOf>) {
  return {
    ...cells,
    reasons: reasons
      .map(({ code, detail }) => (detail === undefined ? code : `${code} (${detail})`))
      .join('; '),
    freedAtLeast: freed?.atLeast,
    freedAtMost: freed?.atMost,
  };
}
