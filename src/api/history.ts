import * as z from 'zod/mini';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { Pseudonyms } from '../audit/pseudonyms.ts';
import { queryHistory } from '../audit/query-history.ts';
import type { ChangeKind } from '../history/entry.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { readCursor } from './cursor.ts';
import { described } from './document.ts';
import { historyDocument } from './documents/history.ts';
import { type HistoryItem, historyItem } from './history-entry.ts';
import { readScope } from './image-parameter.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { badParameters } from './problem.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';

const kinds: readonly ChangeKind[] = ['created', 'moved', 'unchanged', 'restored', 'deleted', 'untagged'];

const kindParameter = described(
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => text.split(',').map((kind) => kind.trim())),
    ),
    z.array(z.enum(kinds, { error: `must be one or more of ${kinds.join(', ')}, separated by commas` })),
  ),
  `One or more of ${kinds.join(', ')}, separated by commas.`,
);

const query = z.strictObject({
  image: z.optional(described(z.string(), 'A registry, repository, tag, digest, or a tag and a digest.')),
  from: described(z.optional(timeParameter), 'Not before; included.'),
  to: described(z.optional(timeParameter), 'Not after; included.'),
  kind: z.optional(kindParameter),
  client: z.optional(
    described(
      z.string().check(z.maxLength(256, { error: 'must have at most 256 characters' })),
      'Text that the user agent, address, actor or identity contains.',
    ),
  ),
  limit: z.optional(limitParameter),
  cursor: z.optional(cursorParameter),
});

const columns = [
  'occurredAt',
  'registry',
  'repository',
  'tag',
  'kind',
  'digest',
  'previousDigest',
  'notBefore',
  'recordedAt',
  'source',
  'userAgent',
  'address',
  'actor',
  'mediaType',
  'size',
  'locations',
  'eventId',
  'recordId',
  'requestId',
  'notes',
  'attributedIdentity',
  'attributedAddress',
  'attributedUserAgent',
  'attributedAt',
  'attributedCertainty',
  'attributedEvidence',
] as const;

/** `GET history`: who pushed, moved or deleted what, newest first. */
export function historyRoute(
  registries: readonly AcceptedRegistry[],
  pages: HistoryPages,
  pseudonyms?: Pick<Pseudonyms, 'inQuery'>,
) {
  const ask = queryHistory({ pages });
  return route({
    name: 'getHistory',
    method: 'GET',
    path: 'history',
    summary: 'Pushes, moves and deletions of a registry, repository, tag or digest, newest first.',
    document: historyDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { image, from, to, kind, client, limit, cursor }, accept, url }) {
      if (from !== undefined && to !== undefined && from > to) {
        throw badParameters([{ name: 'from', reason: 'is after `to`: the span would be empty' }]);
      }
      const { items, next } = await ask({
        scope: readScope(image, registries),
        limit: limit ?? 100,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(kind === undefined ? {} : { kinds: kind }),
        ...(client === undefined ? {} : { client: (await pseudonyms?.inQuery(client)) ?? [client] }),
        ...(cursor === undefined ? {} : { after: readCursor(cursor) }),
      });
      const listing = { items: items.map(historyItem), ...(next === undefined ? {} : { next }) };
      return listingResponse(listing, listForm(accept), url, columns, cellsOf);
    },
  });
}

function cellsOf({ client, attribution, locations, notes, image: _, ...item }: HistoryItem) {
  const { table, operation, correlationId } = attribution?.evidence ?? {};
  return {
    ...item,
    ...client,
    attributedIdentity: attribution?.identity,
    attributedAddress: attribution?.address,
    attributedUserAgent: attribution?.userAgent,
    attributedAt: attribution?.at,
    attributedCertainty: attribution?.certainty,
    attributedEvidence: [table, operation, correlationId].filter((part) => part !== undefined).join(' '),
    locations: locations.join(' '),
    notes: notes?.join('; '),
  };
}
