import * as z from 'zod/mini';
import type { Findings, StoredFinding } from '../audit/findings.ts';
import type { FindingDetail } from '../findings/finding.ts';
import { type FindingKind, findingKinds, type Severity } from '../findings/kind.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { formatReference } from '../registry/reference.ts';
import { readCursor } from './cursor.ts';
import { isoTime } from './history-entry.ts';
import { readScope } from './image-parameter.ts';
import { limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { route } from './route.ts';

const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
const kinds = Object.keys(findingKinds).filter(isKind);

function isKind(name: string): name is FindingKind {
  return Object.hasOwn(findingKinds, name);
}

const query = z.strictObject({
  image: z.optional(z.string()),
  status: z.optional(z.enum(['open', 'resolved'], { error: 'must be open or resolved' })),
  severity: z.optional(z.enum(severities, { error: `must be one of ${severities.join(', ')}` })),
  kind: z.optional(z.enum(kinds, { error: `must be one of ${kinds.join(', ')}` })),
  limit: z.optional(limitParameter),
  cursor: z.optional(z.string()),
});

const columns = [
  'id',
  'kind',
  'severity',
  'status',
  'registry',
  'repository',
  'tag',
  'digest',
  'firstSeen',
  'lastSeen',
  'reopenedAt',
  'resolvedAt',
  'detail',
  'remedy',
] as const;

/** Positions in a listing of findings: an inverted time and an id. */
const position = /^\d{13}\|[0-9a-f]{32}$/;

/** `GET findings`: what is not as it should be, newest first. */
export function findingsRoute(registries: readonly AcceptedRegistry[], findings: Findings) {
  return route({
    name: 'getFindings',
    method: 'GET',
    path: 'findings',
    summary:
      'What is not as it should be in a registry, newest first: open findings, unless resolved ones are asked for.',
    role: 'Audit.Read',
    query,
    async answer({ query: { image, status = 'open', severity, kind, limit = 100, cursor }, accept, url }) {
      const { registry, repository, tag, digest } = readScope(image, registries);
      if (tag !== undefined || digest !== undefined) {
        throw badParameters([
          { name: 'image', reason: 'names more than a repository: leave out tag and digest' },
        ]);
      }
      const filter = {
        status,
        ...(severity === undefined ? {} : { severity }),
        ...(kind === undefined ? {} : { kind }),
        ...(repository === undefined ? {} : { repository }),
      };
      const after = cursor === undefined ? undefined : readCursor(cursor, position);
      const { items, next } = await findings.page(registry, filter, limit, after);
      const listing = { items: items.map(findingItem), ...(next === undefined ? {} : { next }) };
      return listingResponse(listing, listForm(accept), url, columns, cellsOf);
    },
  });
}

/** `GET findings/{id}`. */
export function findingRoute(registries: readonly AcceptedRegistry[], findings: Findings) {
  return route({
    name: 'getFinding',
    method: 'GET',
    path: 'findings/{id}',
    summary: 'One finding, with what to do about it.',
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer({ params: { id = '' } }) {
      for (const { loginServer } of /^[0-9a-f]{32}$/.test(id) ? registries : []) {
        const finding = await findings.get(loginServer, id);
        if (finding !== undefined) {
          return { headers: { 'cache-control': 'no-store' }, jsonBody: findingItem(finding) };
        }
      }
      throw new RequestProblem({
        status: 404,
        type: 'finding-unknown',
        title: 'There is no such finding',
        detail: `No finding has the id ${JSON.stringify(id.slice(0, 64))}.`,
      });
    },
  });
}

function findingItem({ id, kind, severity, status, subject, detail, ...times }: StoredFinding) {
  const { firstSeen, lastSeen, reopenedAt, resolvedAt } = times;
  return {
    id,
    kind,
    severity,
    status,
    image: formatReference(subject),
    ...subject,
    detail: readable(detail),
    remedy: findingKinds[kind].remedy,
    firstSeen: isoTime(firstSeen),
    lastSeen: isoTime(lastSeen),
    ...(reopenedAt === undefined ? {} : { reopenedAt: isoTime(reopenedAt) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: isoTime(resolvedAt) }),
  };
}

/** Facts that are times, which findings hold in epoch milliseconds. */
const times = new Set(['notBefore', 'notAfter', 'verifiedAt', 'lastLockedAt']);

function readable(detail: FindingDetail): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      times.has(name) && typeof value === 'number' ? isoTime(value) : value,
    ]),
  );
}

function cellsOf({ image: _, detail, ...item }: ReturnType<typeof findingItem>) {
  return { ...item, detail: JSON.stringify(detail) };
}
