import * as z from 'zod/mini';
import { readCursor } from '../api/cursor.ts';
import type { RouteDocument } from '../api/document.ts';
import { isoTime } from '../api/history-entry.ts';
import { readImage } from '../api/image-parameter.ts';
import { limitParameter } from '../api/limit-parameter.ts';
import { listForm, listingResponse } from '../api/listing.ts';
import { route } from '../api/route.ts';
import type { PresentTag, RepositoryTags } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';

/** It is a list of the dashboard, and no part of the API: nothing of it is in the reference. */
const tagsDocument: RouteDocument = { group: 'Dashboard', answers: 'The tags.', isList: true, examples: [] };

const columns = [
  'registry',
  'repository',
  'tag',
  'digest',
  'since',
  'lastPush',
  'size',
  'mediaType',
  'platforms',
  'locked',
] as const;

/** Tags of a repository as a list that can be exported. */
export function tagListRoute(registries: readonly AcceptedRegistry[], tags: RepositoryTags) {
  return route({
    name: 'getTags',
    method: 'GET',
    path: 'tags',
    summary: 'The tags of a repository now, by name, with what they point to.',
    document: tagsDocument,
    role: 'Audit.Read',
    query: z.strictObject({
      image: z.string({ error: 'is missing: give a repository, such as team/app' }),
      limit: z.optional(limitParameter),
      cursor: z.optional(z.string()),
    }),
    async answer({ query: { image, limit = 100, cursor }, accept, url }) {
      const { registry, repository } = readImage(image, registries);
      const id = { registry, repository };
      const after = cursor === undefined ? undefined : readCursor(cursor, /^[\w.-]{1,128}$/);
      const { items, next } = await tags.page(id, limit, { after, areAllWanted: true });
      const listing = {
        items: items.map((tag) => tagItem(id, tag)),
        ...(next === undefined ? {} : { next }),
      };
      return listingResponse(listing, listForm(accept), url, columns, (item) => item);
    },
  });
}

function tagItem(
  { registry, repository }: RepositoryId,
  { tag, holding, description, children, locks }: PresentTag,
) {
  const { digest, stretch, lastPush } = holding;
  const platforms = children.flatMap(({ platform }) =>
    platform === undefined ? [] : [`${platform.os}/${platform.architecture}`],
  );
  return {
    ...{ registry, repository, tag, digest },
    since: isoTime(stretch.time),
    lastPush: isoTime(lastPush.time),
    size: description?.size,
    mediaType: description?.mediaType,
    platforms: platforms.join(' '),
    locked: String(locks !== undefined && !(locks.canDelete && locks.canWrite)),
  };
}
