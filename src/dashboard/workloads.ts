import { html } from 'hono/html';
import * as z from 'zod/mini';
import { cursorOf, readCursor } from '../api/cursor.ts';
import { isoTime } from '../api/history-entry.ts';
import { readImage } from '../api/image-parameter.ts';
import { sourceItem } from '../api/inventory.ts';
import { badParameters } from '../api/problem.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { ListedUse, UsesBounds, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { WorkloadsPage, WorkloadsQuery } from '../audit/list-workloads.ts';
import type { Clock } from '../audit/ports.ts';
import type { TagEntries } from '../audit/workload-ports.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { claimStates } from '../workloads/claim.ts';
import type { SourceCoverage } from '../workloads/coverage.ts';
import { inferringTag, type KnownClaim } from '../workloads/use.ts';
import { asOfParameter } from './as-of.ts';
import type { Html } from './html.ts';
import { exportHref, home, tagHref, withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { badge, digestLink, shownTime } from './shown.ts';
import { table } from './table.ts';
import { type LookedUp, lookUp } from './tags-looked-up.ts';
import { useTable } from './use-table.ts';

/** What the page of workloads is told from. */
export interface WorkloadsPorts {
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
  readonly listWorkloads: (query: WorkloadsQuery) => Promise<WorkloadsPage>;
  readonly tagEntries: TagEntries;
  readonly pages: Pick<HistoryPages, 'entryAsOf'>;
  readonly clock: Clock;
}

const pageSize = 30;

/** Queries for claims, and for what tags pointed to; with those for the sources and for one list more of the past, ten. */
const [mostLists, mostLookups] = [4, 5];

/** Of an image, all claims are read at once. Its tags are looked up for those that are shown; to find who needs a digest, before. */
const ofRepository: UsesBounds = { claims: 1_000, tags: 0, above: 0 };
const [ofDigest, lookupsOfDigest]: [UsesBounds, number] = [{ claims: 1_000, tags: 2, above: 1 }, 2];

const query = z.strictObject({
  image: z.optional(z.string()),
  source: z.optional(z.string().check(z.maxLength(63))),
  environment: z.optional(z.string().check(z.maxLength(63))),
  state: z.optional(z.enum(claimStates, { error: `must be one of ${claimStates.join(', ')}` })),
  named: z.optional(z.string().check(z.maxLength(253))),
  at: z.optional(asOfParameter),
  from: z.optional(z.string().check(z.regex(/^\d{1,6}$/, { error: 'is not a place in the list' }))),
  cursor: z.optional(z.string()),
});
type Query = z.output<typeof query>;

/** A source, and a place in one of its lists. */
const position = /^[^|]{1,63}\|(?:[oh]\|[\x21-\x7d]{0,200})?$/;

/** Uses of a page, and where the list goes on. */
interface Shown {
  readonly uses: readonly ListedUse[];
  readonly sources: readonly SourceCoverage[];
  readonly coverage: UsesListing['coverage'];
  readonly isCut: boolean;
  readonly next: { readonly from: string } | { readonly cursor: string } | undefined;
  /** Queries left for what their tags point to. */
  readonly lookups: number;
}

/** What runs where: pinned or not, on the digest that its tag points to or not; now, or at a time. */
export function workloadsPage(registries: readonly AcceptedRegistry[], ports: WorkloadsPorts) {
  const { listUses, listWorkloads, tagEntries, pages, clock } = ports;
  const look = lookUp({ tagEntries, pages, registries });

  /** Those of an image: by its repository, all at once. */
  async function ofImage(asked: Query, image: string, isWanted: Wanted): Promise<Shown> {
    const { source, at, from = '0' } = asked;
    const named = readImage(image, registries);
    const most = named.digest === undefined ? ofRepository : ofDigest;
    const listing = await listUses({ ...present({ source, at }), image: named, most });
    const wanted = listing.uses.filter(({ claim }) => isWanted(claim));
    const end = Number(from) + pageSize;
    const next = end < wanted.length ? { from: String(end) } : undefined;
    const lookups = named.digest === undefined ? mostLookups : lookupsOfDigest;
    return { ...listing, uses: wanted.slice(Number(from), end), next, lookups };
  }

  /** Those of every image: by source, page by page. */
  async function ofAll(asked: Query, isWanted: Wanted | undefined): Promise<Shown> {
    const { source, at, cursor } = asked;
    const after = cursor === undefined ? undefined : readCursor(cursor, position);
    const page = await listWorkloads({
      ...present({ source, at, after, isWanted }),
      limit: pageSize,
      mostQueries: mostLists,
    });
    const next = page.next === undefined ? undefined : { cursor: cursorOf(page.next) };
    const looks = new Map(page.sources.map(({ source: name, state }) => [name, state?.completeAt]));
    const uses = page.claims.map((claim): ListedUse => {
      const digests = claim.digest === undefined ? [] : [claim.digest];
      const certainty = inferringTag(claim) === undefined ? 'exact' : 'inferred';
      const lastSeen = claim.endedAt ?? Math.max(claim.firstSeen, looks.get(claim.source) ?? 0);
      return { claim, certainty, digests, isCut: certainty === 'inferred', lastSeen };
    });
    return { uses, sources: page.sources, coverage: page.coverage, isCut: false, next, lookups: mostLookups };
  }

  return page({
    name: 'dashboardWorkloads',
    path: 'workloads',
    query,
    async answer({ query: asked }) {
      const { image, source, environment, state, named, at } = asked;
      const now = clock.now();
      if (at !== undefined && at > now) throw badParameters([{ name: 'at', reason: 'is in the future' }]);
      const text = named?.toLowerCase();
      const isFiltered = [environment, state, named].some((value) => value !== undefined);
      const isWanted: Wanted = (claim) =>
        (environment === undefined || claim.workload.environment === environment) &&
        (state === undefined || claim.state === state) &&
        (text === undefined || claim.workload.name.toLowerCase().includes(text));
      const { uses, sources, coverage, isCut, next, lookups } =
        image === undefined
          ? await ofAll(asked, isFiltered ? isWanted : undefined)
          : await ofImage(asked, image, isWanted);
      const found = await look(uses, at ?? now, lookups);
      const time = at === undefined ? undefined : isoTime(at);
      const parameters = { image, source, environment, state, named, at: time };
      const pinned = uses.filter(({ claim }) => claim.isPinned).length;
      const body = html`<h1>Workloads</h1>
${filterForm(asked, sources)}
<p>${uses.length} uses on this page${time === undefined ? ', now' : html`, as of ${shownTime(time)}`}, ${pinned} of them pinned by digest.</p>
${useTable({
  caption: 'What runs where',
  uses: uses.map((use) => ({ ...use, digests: found.digestsOf(use) })),
  csv: exportHref('uses', { image, source, environment, state, at: time }),
  coverage: at === undefined ? coverage : undefined,
  isCut,
  next: next && withQuery(`${home}/workloads`, { ...parameters, ...next }),
  further: [{ head: 'Drift', cell: (use) => driftOf(use, found) }],
})}
<h2>Sources</h2>
${sourceTable(sources)}`;
      return { title: 'Workloads', section: 'workloads', body };
    },
  });
}

type Wanted = (claim: KnownClaim) => boolean;

/** Whether what runs is what the tag points to: a restart would change it otherwise. */
function driftOf(use: ListedUse, found: LookedUp): Html | undefined {
  const { claim, certainty } = use;
  if (claim.tag === undefined) return html`<span class="quiet">names no tag</span>`;
  const held = found.heldBy(claim);
  if (held === 'not-audited') return html`<span class="quiet">of no audited registry</span>`;
  if (held === 'not-looked-up') {
    return html`<a href="${tagHref({ ...claim, tag: claim.tag })}">look at its tag</a>`;
  }
  if (held === 'nothing') return badge('its tag points to nothing known', 'warn');
  const digests = found.digestsOf(use);
  const runsIt = digests.some((one) => one === held);
  if (runsIt && digests.length === 1) return badge('as its tag', 'good');
  if (certainty === 'inferred' && (runsIt || digests.length === 0))
    return badge('may be an earlier digest', 'warn');
  return html`${badge('drifted', 'bad')} the tag points to ${digestLink({ ...claim, digest: held })}`;
}

function filterForm(
  { image, source, environment, state, named, at }: Query,
  sources: readonly SourceCoverage[],
): Html {
  const option = (value: string, chosen: string | undefined) =>
    value === chosen ? html`<option selected>${value}</option>` : html`<option>${value}</option>`;
  const when = at === undefined ? '' : isoTime(at).slice(0, 19);
  return html`<form class="filter" action="${home}/workloads" method="get" aria-label="Filter">
<div><label for="named">Workload</label><input id="named" name="named" value="${named ?? ''}" maxlength="253"></div>
<div><label for="image">Image</label><input id="image" name="image" value="${image ?? ''}" maxlength="1024"></div>
<div><label for="source">Source</label><select id="source" name="source"><option value="">any</option>${sources.map((one) => option(one.source, source))}</select></div>
<div><label for="environment">Environment</label><input id="environment" name="environment" value="${environment ?? ''}" maxlength="63"></div>
<div><label for="state">State</label><select id="state" name="state"><option value="">any</option>${claimStates.map((one) => option(one, state))}</select></div>
<div><label for="at">As of (UTC)</label><input id="at" name="at" type="datetime-local" step="1" value="${when}"></div>
<button type="submit">Show</button></form>`;
}

function sourceTable(sources: readonly SourceCoverage[]): Html {
  return table<ReturnType<typeof sourceItem>>({
    caption: 'Where this is known from',
    items: sources.map(sourceItem),
    columns: [
      { head: 'Source', cell: ({ source }) => source },
      { head: 'Type', cell: ({ type }) => type },
      {
        head: 'Condition',
        cell: ({ condition }) => badge(condition, condition === 'fresh' ? 'good' : 'warn'),
      },
      {
        head: 'Last complete look',
        cell: ({ completeAt }) => (completeAt === undefined ? 'never' : shownTime(completeAt)),
      },
      {
        head: 'Good until',
        cell: ({ freshUntil }) => (freshUntil === undefined ? '' : shownTime(freshUntil)),
      },
      { head: 'References', cell: ({ references }) => references, isNumber: true },
      {
        head: 'Problems',
        cell: ({ problems, problemCount }) =>
          html`${problems.slice(0, 3).map(({ where, problem }) => html`<div>${outside(where)}: ${outside(problem)}</div>`)}${problemCount > 3 ? html`<div>and ${problemCount - 3} more</div>` : undefined}`,
      },
    ],
    empty: html`<p>No source is configured: what is running is not known, so nothing is called unused. Name clusters and subscriptions in <code>inventory.json</code>, or submit a Compose file with <code>PUT /api/v1/inventory/NAME</code>.</p>`,
    csv: exportHref('inventory', {}),
  });
}
