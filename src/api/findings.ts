import * as z from 'zod/mini';
import { type FindingStatus, type Findings, findingStatuses } from '../audit/findings.ts';
import type { HistoryScope } from '../audit/history-pages.ts';
import { type FindingKind, findingKinds, severities } from '../findings/kind.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { parseReference } from '../registry/reference.ts';
import { readCursor } from './cursor.ts';
import { type FindingItem, findingItem } from './finding-item.ts';
import { readRegistry, readScope } from './image-parameter.ts';
import { limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { route } from './route.ts';

const kinds = Object.keys(findingKinds) as FindingKind[];

const query = z.strictObject({
  registry: z.optional(z.string()),
  image: z.optional(z.string()),
  status: z.optional(oneOf<FindingStatus>(findingStatuses)),
  severity: z.optional(oneOf(severities)),
  kind: z.optional(oneOf(kinds)),
  limit: z.optional(limitParameter),
  cursor: z.optional(z.string()),
});

const columns = [
  'id',
  'kind',
  'severity',
  'status',
  'image',
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

/** `GET findings`: what is not as it should be, newest first. */
export function findingsRoute(registries: readonly AcceptedRegistry[], findings: Pick<Findings, 'page'>) {
  return route({
    name: 'getFindings',
    method: 'GET',
    path: 'findings',
    summary: 'What is not as it should be: findings of a registry, repository, tag or digest, newest first.',
    role: 'Audit.Read',
    query,
    async answer({ query: { registry, image, status, severity, kind, limit, cursor }, accept, url }) {
      const scope = readFindingScope(registry, image, registries);
      const { repository, tag, digest } = scope;
      const filter = present({ severity, kind, repository, tag, digest });
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const page = await findings.page(
        scope.registry,
        { status: status ?? 'open', ...filter },
        limit ?? 100,
        after,
      );
      const items = page.items.map(({ finding }) => findingItem(finding));
      const listing = { items, ...(page.next === undefined ? {} : { next: page.next }) };
      return listingResponse(listing, listForm(accept), url, columns, cellsOf);
    },
  });
}

/** `GET findings/{id}`: one finding, open or resolved. */
export function findingRoute(registries: readonly AcceptedRegistry[], findings: Pick<Findings, 'get'>) {
  return route({
    name: 'getFinding',
    method: 'GET',
    path: 'findings/{id}',
    summary: 'One finding by its id.',
    role: 'Audit.Read',
    params: z.strictObject({
      id: z
        .string()
        .check(z.regex(/^[0-9a-f]{32}$/, { error: 'is not the id of a finding: 32 hexadecimal digits' })),
    }),
    query: z.strictObject({ registry: z.optional(z.string()) }),
    async answer({ params: { id }, query: { registry } }) {
      // Which registry it is of cannot be seen in an id.
      const asked = registry === undefined ? registries : [readRegistry(registry, registries)];
      const found = await Promise.all(asked.map(({ loginServer }) => findings.get(loginServer, id)));
      const finding = found.find((one) => one !== undefined);
      if (finding === undefined) {
        throw new RequestProblem({
          status: 404,
          type: 'finding-unknown',
          title: 'There is no such finding',
          detail: `No finding of ${asked.map(({ loginServer }) => loginServer).join(', ')} has the id ${id}.`,
        });
      }
      return { headers: { 'cache-control': 'no-store' }, jsonBody: findingItem(finding) };
    },
  });
}

function readFindingScope(
  registry: string | undefined,
  image: string | undefined,
  registries: readonly AcceptedRegistry[],
): HistoryScope {
  if (registry === undefined) return readScope(image, registries);
  const only = readRegistry(registry, registries);
  const reading = image === undefined ? undefined : parseReference(image);
  const named = reading?.ok === true ? reading.reference.registry : undefined;
  if (named !== undefined && named !== only.loginServer) {
    throw badParameters([{ name: 'image', reason: 'is of another registry than `registry`: leave one out' }]);
  }
  return readScope(image, [only]);
}

function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

function cellsOf({ detail, ...item }: FindingItem) {
  return { ...item, detail: JSON.stringify(detail) };
}
