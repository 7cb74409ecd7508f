import type { Digest } from '../registry/digest.ts';
import { type Freed, freedBytes, type GoingManifest, type Layer } from '../retention/freed.ts';
import { concurrently } from './concurrently.ts';
import type { ManifestLayers, PlanCounts, PlanHeader, Plans } from './retention-ports.ts';

export interface FreedPorts {
  readonly plans: Plans;
  readonly layers: ManifestLayers;
}

/** A plan, and what part of its registry it is about. */
type PlannedPart = Pick<PlanHeader, 'registry' | 'id' | 'repositories'>;

/** Documents read for one plan at most: counting bytes is no reason to ask a registry hundreds of thousands of times. */
const mostDocuments = 2_000;

const mostAtOnce = 8;

/**
 * Bytes that carrying out a plan frees. Where the registry is small enough for every document to be read, layers that are
 * shared are told apart; where only what goes can be read, they are counted once and nothing is certain; beyond that, the
 * sizes of whole images are added up.
 */
export function freedByPlan({ plans, layers }: FreedPorts) {
  return async ({ registry, id, repositories }: PlannedPart, counts: PlanCounts): Promise<Freed> => {
    if (counts.delete === 0) return { atLeast: 0, atMost: 0 };
    // A repository that was left out may share any layer.
    const isAllRead = repositories === undefined && counts.manifests <= mostDocuments;
    const isGoingRead = counts.delete <= mostDocuments;
    const keptLayers = new Set<Digest>();
    const deleted: GoingManifest[] = [];
    let isAllKnown = isAllRead;
    for await (const { repository, items } of plans.repositories(registry, id)) {
      const manifests = items.filter(({ tag, action }) => {
        return tag === undefined && (isAllRead || action === 'delete');
      });
      await concurrently(manifests, mostAtOnce, async ({ digest, action, freed }) => {
        const read = isGoingRead ? await layers.of({ registry, repository }, digest) : undefined;
        if (action === 'delete') deleted.push(going(read, freed?.atMost ?? 0));
        else if (read === undefined) isAllKnown = false;
        else for (const layer of read) keptLayers.add(layer.digest);
      });
    }
    return freedBytes({ deleted, keptLayers: isAllKnown ? keptLayers : undefined });
  };
}

function going(layers: readonly Layer[] | undefined, size: number): GoingManifest {
  // The manifest's own document is too small to count.
  return layers === undefined ? { size } : { size: 0, layers };
}
