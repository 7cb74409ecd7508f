import * as z from 'zod/mini';
import type { FindingFilter, Findings, PlacedFinding } from '../audit/findings.ts';
import type { HistoryScope } from '../audit/history-pages.ts';
import { estate } from '../findings/finding.ts';
import { type FindingKind, findingKinds, severities } from '../findings/kind.ts';
import { type FindingStatus, findingStatuses } from '../findings/lifecycle.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { parseReference } from '../registry/reference.ts';
import { readCursor } from './cursor.ts';
import { described } from './document.ts';
import { findingDocument, findingsDocument } from './documents/findings.ts';
import { type FindingItem, findingItem } from './finding-item.ts';
import { readRegistry, readScope } from './image-parameter.ts';
import { cursorParameter, limitParameter } from './limit-parameter.ts';
import { listForm, listingResponse } from './listing.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { route } from './route.ts';

/** Kinds of findings. */
export const kinds = Object.keys(findingKinds) as FindingKind[];

/** `active`: open ones, and those that somebody has taken up. */
export const statuses = ['active', ...findingStatuses] as const;

const query = z.strictObject({
  registry: z.optional(described(z.string(), 'A registry, or `_estate`: what is about none.')),
  image: z.optional(described(z.string(), 'A registry, repository, tag or digest.')),
  status: z.optional(described(oneOf(statuses), '`active`, which is open or acknowledged, unless told.')),
  severity: z.optional(oneOf(severities)),
  kind: z.optional(oneOf(kinds)),
  limit: z.optional(limitParameter),
  cursor: z.optional(cursorParameter),
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
  'owner',
  'waivedUntil',
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
    document: findingsDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { registry, image, status, severity, kind, limit, cursor }, accept, url }) {
      const { registry: asked, repository, tag, digest } = readFindingScope(registry, image, registries);
      const filter = {
        statuses: statusesOf(status),
        ...present({ severity, kind, repository, tag, digest }),
      };
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const page = await mergedPage(findings, asked, filter, limit ?? 100, after);
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
    document: findingDocument,
    role: 'Audit.Read',
    params: findingIdParams,
    query: z.strictObject({
      registry: z.optional(described(z.string(), 'Where it is, where that is known.')),
    }),
    async answer({ params: { id }, query: { registry } }) {
      const asked = registry === undefined ? everywhere(registries) : [registryNamed(registry, registries)];
      const found = await Promise.all(asked.map((name) => findings.get(name, id)));
      const finding = found.find((one) => one !== undefined);
      if (finding === undefined) throw unknownFinding(id);
      return { headers: { 'cache-control': 'no-store' }, jsonBody: findingItem(finding) };
    },
  });
}

/** The id of a finding, as a part of a path. */
export const findingIdParams = z.strictObject({
  id: z
    .string()
    .check(z.regex(/^[0-9a-f]{32}$/, { error: 'is not the id of a finding: 32 hexadecimal digits' })),
});

/** The problem of an id that no finding has. */
export function unknownFinding(id: string): RequestProblem {
  return new RequestProblem({
    status: 404,
    type: 'finding-unknown',
    title: 'There is no such finding',
    detail: `No finding of the audited registries has the id ${id}.`,
  });
}

/** Wherever findings are kept: which registry one is of cannot be seen in its id. */
export function everywhere(registries: readonly AcceptedRegistry[]): readonly string[] {
  return [...registries.map(({ loginServer }) => loginServer), estate];
}

function registryNamed(registry: string, registries: readonly AcceptedRegistry[]): string {
  return registry === estate ? estate : readRegistry(registry, registries).loginServer;
}

/** The statuses that a filter names; open ones and those taken up, unless it names one. */
export function statusesOf(status: (typeof statuses)[number] | undefined): readonly FindingStatus[] {
  return status === undefined || status === 'active' ? ['open', 'acknowledged'] : [status];
}

/** A page of the findings of several registries, in one order. */
export async function mergedPage(
  findings: Pick<Findings, 'page'>,
  registries: readonly string[],
  filter: FindingFilter,
  limit: number,
  after: string | undefined,
): Promise<{ readonly items: readonly PlacedFinding[]; readonly next?: string }> {
  const pages = await Promise.all(
    registries.map((registry) => findings.page(registry, filter, limit, after)),
  );
  const [only] = pages;
  if (only !== undefined && pages.length === 1) return only;
  const ends = pages.flatMap(({ next }) => next ?? []).sort();
  // What comes after the first end may have others before it that were not read.
  const [end] = ends;
  const all = pages
    .flatMap(({ items }) => items)
    .filter(({ position }) => end === undefined || position <= end)
    .sort((a, b) => (a.position < b.position ? -1 : 1));
  const items = all.slice(0, limit);
  const last = items.at(-1)?.position;
  if (all.length > limit && last !== undefined) return { items, next: last };
  return end === undefined ? { items } : { items, next: end };
}

interface FindingListScope extends Omit<HistoryScope, 'registry'> {
  readonly registry: readonly string[];
}

/** Reads which registries' findings, or of which image, are asked for. */
export function readFindingScope(
  registry: string | undefined,
  image: string | undefined,
  registries: readonly AcceptedRegistry[],
): FindingListScope {
  if (image === undefined) {
    return {
      registry: registry === undefined ? everywhere(registries) : [registryNamed(registry, registries)],
    };
  }
  if (registry === undefined) return inOne(readScope(image, registries));
  const only = readRegistry(registry, registries);
  const reading = parseReference(image);
  const named = reading.ok ? reading.reference.registry : undefined;
  if (named !== undefined && named !== only.loginServer) {
    throw badParameters([{ name: 'image', reason: 'is of another registry than `registry`: leave one out' }]);
  }
  return inOne(readScope(image, [only]));
}

function inOne({ registry, ...rest }: HistoryScope): FindingListScope {
  return { registry: [registry], ...rest };
}

function oneOf<const T extends string>(values: readonly T[]) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

function cellsOf({ detail, acknowledgement: _a, resolution: _r, waiver, ...item }: FindingItem) {
  return {
    ...item,
    ...(waiver === undefined ? {} : { owner: waiver.owner, waivedUntil: waiver.until }),
    detail: JSON.stringify(detail),
  };
}
