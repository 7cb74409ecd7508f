import * as z from 'zod/mini';
import type { ListedUse, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { claimStates } from '../workloads/claim.ts';
import { readCursor } from './cursor.ts';
import { described } from './document.ts';
import { usesDocument } from './documents/uses.ts';
import { isoTime } from './history-entry.ts';
import { readImage } from './image-parameter.ts';
import { sourceItem } from './inventory.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';

const query = z.strictObject({
  image: z.optional(described(z.string(), 'A repository, tag or digest.')),
  source: z.optional(z.string().check(z.maxLength(63))),
  environment: z.optional(z.string().check(z.maxLength(63))),
  state: z.optional(z.enum(claimStates, { error: `must be one of ${claimStates.join(', ')}` })),
  at: described(z.optional(timeParameter), 'When; now unless told.'),
  limit: z.optional(limitParameter),
  cursor: z.optional(cursorParameter),
});

/** Positions in a listing of uses: a source and the id of a claim. */
const usePosition = /^[a-z0-9-]{1,63}\.[0-9a-f]{32}$/;

const columns = [
  'image',
  'registry',
  'repository',
  'tag',
  'digests',
  'hasMoreDigests',
  'certainty',
  'state',
  'via',
  'source',
  'environment',
  'namespace',
  'kind',
  'name',
  'container',
  'owner',
  'revision',
  'pinned',
  'since',
  'firstSeen',
  'lastSeen',
  'endedAt',
] as const;

/** `GET uses`: which workloads use what, now or at a time. */
export function usesRoute(
  registries: readonly AcceptedRegistry[],
  list: (query: UsesQuery) => Promise<UsesListing>,
) {
  return route({
    name: 'getUses',
    method: 'GET',
    path: 'uses',
    summary: 'Which workloads run, would start or keep for rollback an image: now, or what ran at a time.',
    document: usesDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { image, source, environment, state, at, limit = 100, cursor }, accept, url }) {
      const named = image === undefined ? undefined : readImage(image, registries);
      const after = cursor === undefined ? '' : readCursor(cursor, usePosition);
      const { uses, sources, coverage } = await list(present({ image: named, source, at }));
      const wanted = uses
        .filter(({ claim }) => (state ?? claim.state) === claim.state)
        .filter(({ claim }) => (environment ?? claim.workload.environment) === claim.workload.environment)
        .map((use) => ({ use, position: `${use.claim.source}.${use.claim.id}` }))
        .sort((a, b) => (a.position < b.position ? -1 : 1));
      const rest = wanted.filter(({ position }) => position > after);
      const items = rest.slice(0, limit);
      const next = rest.length > limit ? items.at(-1)?.position : undefined;
      const listing = { items: items.map(({ use }) => useItem(use)), ...present({ next }) };
      // What was read in the past says nothing of what was missed then.
      const concluded =
        at === undefined
          ? { coverage, inDoubt: sources.filter(({ condition }) => condition !== 'fresh').map(sourceItem) }
          : {};
      const members = {
        ...concluded,
        total: wanted.length,
        digests: byDigest(wanted.map(({ use }) => use)),
      };
      return listingResponse(listing, listForm(accept), url, columns, useCells, members);
    },
  });
}

/** How many of the uses may need each digest: one digest alone means that every replica is on the same. */
function byDigest(uses: readonly ListedUse[]) {
  const counts = new Map<string, { exact: number; inferred: number }>();
  for (const { certainty, digests } of uses) {
    for (const digest of digests) {
      const count = counts.get(digest) ?? { exact: 0, inferred: 0 };
      count[certainty] += 1;
      counts.set(digest, count);
    }
  }
  return [...counts].slice(0, 1_000).map(([digest, count]) => ({ digest, ...count }));
}

/** Digests that one use names: a tag that moves with each build may have meant thousands. */
const mostDigests = 100;

/** A use as the API gives it. */
export function useItem({ claim, certainty, digests, isCut, via, lastSeen }: ListedUse) {
  const { source, workload, state, image, registry, repository, tag, isPinned, revision, since } = claim;
  return {
    image,
    registry,
    repository,
    digests: digests.slice(0, mostDigests),
    certainty,
    state,
    source,
    kind: workload.kind,
    name: workload.name,
    pinned: isPinned,
    firstSeen: isoTime(claim.firstSeen),
    lastSeen: isoTime(lastSeen),
    ...present({
      hasMoreDigests: isCut || digests.length > mostDigests ? true : undefined,
      tag,
      via,
      revision,
      environment: workload.environment,
      namespace: workload.namespace,
      container: workload.container,
      owner: workload.owner,
      since: since === undefined ? undefined : isoTime(since),
      endedAt: claim.endedAt === undefined ? undefined : isoTime(claim.endedAt),
    }),
  };
}

function useCells({ digests, hasMoreDigests = false, pinned, ...item }: ReturnType<typeof useItem>) {
  const flags = { pinned: String(pinned), hasMoreDigests: String(hasMoreDigests) };
  return { ...item, ...flags, digests: digests.join(' ') };
}
