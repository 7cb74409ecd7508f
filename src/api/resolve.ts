import * as z from 'zod/mini';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { Clock } from '../audit/ports.ts';
import { resolveTag, type TagResolution } from '../audit/resolve-tag.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { formatReference } from '../registry/reference.ts';
import { described } from './document.ts';
import { resolveDocument } from './documents/history.ts';
import { historyItem, isoTime } from './history-entry.ts';
import { readTagImage } from './image-parameter.ts';
import { badParameters, type Problem, RequestProblem } from './problem.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';

const query = z.strictObject({
  image: described(
    z.string({ error: 'is missing: give a repository and tag, such as team/app:1.4.2' }),
    'A repository and tag.',
  ),
  at: described(z.optional(timeParameter), 'When; now unless told.'),
});

/** `GET resolve`: the digest a tag pointed to at a time. */
export function resolveRoute(registries: readonly AcceptedRegistry[], pages: HistoryPages, clock: Clock) {
  const resolve = resolveTag({ pages });
  return route({
    name: 'getResolve',
    method: 'GET',
    path: 'resolve',
    summary: 'The digest that a tag pointed to at a time (now, unless said), since when and until when.',
    document: resolveDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { image, at } }) {
      const named = readTagImage(image, registries);
      const now = clock.now();
      if (at !== undefined && at > now) {
        throw badParameters([{ name: 'at', reason: `is in the future: give a time up to ${isoTime(now)}` }]);
      }
      const time = at ?? now;
      const resolution = await resolve(named, named.tag, time);
      if (resolution.outcome !== 'resolved') throw new RequestProblem(notResolved(named, time, resolution));
      const { registry, repository, tag } = named;
      const { digest, since, sinceNotBefore, until, untilNotBefore, certainty, entry } = resolution;
      const item = historyItem({ ...named, entry, position: '' });
      const { occurredAt, client, attribution, eventId, recordId, kind } = item;
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: {
          image: formatReference({ registry, repository, digest }),
          registry,
          repository,
          tag,
          at: isoTime(time),
          digest,
          since: isoTime(since),
          ...(sinceNotBefore === undefined ? {} : { sinceNotBefore: isoTime(sinceNotBefore) }),
          ...(until === undefined ? {} : { until: isoTime(until) }),
          ...(untilNotBefore === undefined ? {} : { untilNotBefore: isoTime(untilNotBefore) }),
          certainty,
          by: {
            kind,
            occurredAt,
            client,
            ...(attribution === undefined ? {} : { attribution }),
            eventId,
            recordId,
          },
        },
      };
    },
  });
}

/** Why a tag had no digest at a time. */
export function notResolved(
  { registry, repository, tag }: RepositoryId & { readonly tag?: string },
  time: number,
  resolution: Exclude<TagResolution, { outcome: 'resolved' }>,
): Problem {
  const image = `${registry}/${repository}:${tag}`;
  const at = isoTime(time);
  switch (resolution.outcome) {
    case 'ended': {
      const { kind, fact } = resolution.entry;
      const endedAt = isoTime(fact.at.time);
      const endedNotBefore = fact.notBefore === undefined ? {} : { endedNotBefore: isoTime(fact.notBefore) };
      return {
        status: 404,
        type: 'tag-ended',
        title: 'The tag pointed to nothing then',
        detail: `${image} pointed to nothing at ${at}: it was ${kind} at ${endedAt}.`,
        members: { kind, endedAt, ...endedNotBefore, lastDigest: fact.digest, recordId: fact.at.id },
      };
    }
    case 'before-history': {
      const knownFrom = isoTime(resolution.knownFrom);
      return {
        status: 404,
        type: 'before-history',
        title: 'History does not go back that far',
        detail: `The history of ${image} is known from ${knownFrom}; ${at} is before that.`,
        members: { knownFrom },
      };
    }
    case 'unknown':
      return {
        status: 404,
        type: 'tag-unknown',
        title: 'No event named this tag',
        detail: `${image} is not in the history. Check its spelling; history is known from the first event received.`,
      };
  }
}
