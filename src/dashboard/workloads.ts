import { html } from 'hono/html';
import * as z from 'zod/mini';
import { isoTime } from '../api/history-entry.ts';
import { readImage } from '../api/image-parameter.ts';
import { sourceItem } from '../api/inventory.ts';
import { badParameters } from '../api/problem.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { ListedUse, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { Clock } from '../audit/ports.ts';
import { resolveTag } from '../audit/resolve-tag.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { claimStates } from '../workloads/claim.ts';
import type { SourceCoverage } from '../workloads/coverage.ts';
import { asOfParameter } from './as-of.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { badge, digestLink, shownTime } from './shown.ts';
import { table } from './table.ts';
import { useTable } from './use-table.ts';

/** What the page of workloads is told from. */
export interface WorkloadsPorts {
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
  readonly pages: HistoryPages;
  readonly clock: Clock;
}

const pageSize = 50;

const query = z.strictObject({
  image: z.optional(z.string()),
  source: z.optional(z.string().check(z.maxLength(63))),
  environment: z.optional(z.string().check(z.maxLength(63))),
  state: z.optional(z.enum(claimStates, { error: `must be one of ${claimStates.join(', ')}` })),
  named: z.optional(z.string().check(z.maxLength(253))),
  at: z.optional(asOfParameter),
  from: z.optional(z.string().check(z.regex(/^\d{1,6}$/, { error: 'is not a place in the list' }))),
});
type Query = z.output<typeof query>;

/** What runs where: pinned or not, on the digest that its tag points to or not; now, or at a time. */
export function workloadsPage(registries: readonly AcceptedRegistry[], ports: WorkloadsPorts) {
  const { listUses, pages, clock } = ports;
  const resolve = resolveTag({ pages });

  /** What the tags that are named pointed to, by repository and tag. */
  async function heldBy(uses: readonly ListedUse[], time: number): Promise<ReadonlyMap<string, string>> {
    const audited = new Set(registries.map(({ loginServer }) => loginServer));
    const asked = new Map(
      uses.flatMap(({ claim }) =>
        claim.tag === undefined || !audited.has(claim.registry) ? [] : [[tagKey(claim), claim] as const],
      ),
    );
    const held = await Promise.all(
      [...asked].map(async ([key, claim]) => {
        const resolution = await resolve(claim, claim.tag ?? '', time);
        return resolution.outcome === 'resolved' ? [[key, resolution.digest] as const] : [];
      }),
    );
    return new Map(held.flat());
  }

  return page({
    name: 'dashboardWorkloads',
    path: 'workloads',
    query,
    async answer({ query: asked }) {
      const { image, source, environment, state, named, at, from = '0' } = asked;
      const now = clock.now();
      if (at !== undefined && at > now) throw badParameters([{ name: 'at', reason: 'is in the future' }]);
      const of = image === undefined ? undefined : readImage(image, registries);
      const { uses, sources, coverage } = await listUses(present({ image: of, source, at }));
      const text = named?.toLowerCase();
      const wanted = uses.filter(
        ({ claim }) =>
          (environment === undefined || claim.workload.environment === environment) &&
          (state === undefined || claim.state === state) &&
          (text === undefined || claim.workload.name.toLowerCase().includes(text)),
      );
      const start = Number(from);
      const shown = wanted.slice(start, start + pageSize);
      const held = await heldBy(shown, at ?? now);
      const time = at === undefined ? undefined : isoTime(at);
      const parameters = { image, source, environment, state, named, at: time };
      const next =
        start + pageSize < wanted.length
          ? withQuery(`${home}/workloads`, { ...parameters, from: String(start + pageSize) })
          : undefined;
      const pinned = wanted.filter(({ claim }) => claim.isPinned).length;
      const body = html`<h1>Workloads</h1>
${filterForm(asked, sources)}
<p>${wanted.length} uses${time === undefined ? ' now' : html` as of ${shownTime(time)}`}, ${pinned} of them pinned by digest.</p>
${useTable({
  caption: 'What runs where',
  uses: shown,
  csv: exportHref('uses', { image, source, environment, state, at: time }),
  coverage: at === undefined ? coverage : undefined,
  next,
  further: [{ head: 'Drift', cell: (use) => driftOf(use, held) }],
})}
<h2>Sources</h2>
${sourceTable(sources)}`;
      return { title: 'Workloads', section: 'workloads', body };
    },
  });
}

function tagKey({ registry, repository, tag }: ListedUse['claim']): string {
  return `${registry}/${repository}:${tag ?? ''}`;
}

/** Whether what runs is what the tag points to: a restart would change it otherwise. */
function driftOf(
  { claim, digests, certainty }: ListedUse,
  held: ReadonlyMap<string, string>,
): Html | undefined {
  if (claim.tag === undefined) return html`<span class="quiet">names no tag</span>`;
  const digest = held.get(tagKey(claim));
  if (digest === undefined) return badge('its tag points to nothing known', 'warn');
  const runsIt = digests.some((one) => one === digest);
  if (runsIt && digests.length === 1) return badge('as its tag', 'good');
  if (runsIt && certainty === 'inferred') return badge('may be an earlier digest', 'warn');
  return html`${badge('drifted', 'bad')} the tag points to ${digestLink({ ...claim, digest })}`;
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
