import * as z from 'zod/mini';
import type { StatementPages } from '../audit/statement-pages.ts';
import type { Statement } from '../history/statement.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { readCursor } from './cursor.ts';
import { described } from './document.ts';
import { recordsDocument } from './documents/digests.ts';
import { isoTime } from './history-entry.ts';
import { readImage } from './image-parameter.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { badParameters } from './problem.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';

const query = z.strictObject({
  image: described(z.string({ error: 'is missing: give a repository, such as team/app' }), 'A repository.'),
  from: described(z.optional(timeParameter), 'Not before; included.'),
  to: described(z.optional(timeParameter), 'Not after; included.'),
  kind: z.optional(
    described(
      z.string().check(z.maxLength(64, { error: 'must have at most 64 characters' })),
      'A kind of record.',
    ),
  ),
  limit: z.optional(limitParameter),
  cursor: z.optional(cursorParameter),
});

const columns = [
  'occurredAt',
  'registry',
  'repository',
  'kind',
  'notBefore',
  'recordedAt',
  'recordId',
  'content',
] as const;

/** Records read for one answer, matching or not. */
const maxScanned = 5_000;

/** `GET records`: the audit records of a repository that are no pushes or deletions, newest first. */
export function recordsRoute(registries: readonly AcceptedRegistry[], pages: StatementPages) {
  return route({
    name: 'getRecords',
    method: 'GET',
    path: 'records',
    summary:
      'Audit records of a repository beside its history: approvals, changes of locks, what was observed, who did it.',
    document: recordsDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { image, from, to, kind, limit = 100, cursor }, accept, url }) {
      const { tag, digest, ...repository } = readImage(image, registries);
      if (tag !== undefined || digest !== undefined) {
        throw badParameters([
          { name: 'image', reason: 'names more than a repository: leave out tag and digest' },
        ]);
      }
      const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const items: Statement[] = [];
      let after = cursor === undefined ? undefined : readCursor(cursor);
      let isEnd = false;
      for (let scanned = 0; scanned < maxScanned && items.length < limit && !isEnd; ) {
        const size = kind === undefined ? limit - items.length : 1_000;
        const page = await pages.page(
          repository,
          { ...span, ...(after === undefined ? {} : { after }) },
          size,
        );
        scanned += Math.max(1, page.items.length);
        isEnd = page.next === undefined;
        after = page.next ?? after;
        for (const { statement, position } of page.items) {
          if (kind !== undefined && statement.kind !== kind) continue;
          items.push(statement);
          if (items.length < limit) continue;
          isEnd &&= position === page.items.at(-1)?.position;
          after = position;
          break;
        }
      }
      const listing = {
        items: items.map(recordItem),
        ...(isEnd || after === undefined ? {} : { next: after }),
      };
      return listingResponse(listing, listForm(accept), url, columns, cellsOf);
    },
  });
}

function recordItem({ registry, repository, at, notBefore, recordedAt, kind, content }: Statement) {
  return {
    registry,
    repository,
    kind,
    occurredAt: isoTime(at.time),
    ...(notBefore === undefined ? {} : { notBefore: isoTime(notBefore) }),
    recordedAt: isoTime(recordedAt),
    recordId: at.id,
    content,
  };
}

function cellsOf({ content, ...item }: ReturnType<typeof recordItem>) {
  return { ...item, content: JSON.stringify(content) };
}
