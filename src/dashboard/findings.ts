import { html } from 'hono/html';
import * as z from 'zod/mini';
import { cursorOf, readCursor } from '../api/cursor.ts';
import { kinds, mergedPage, readFindingScope, statuses, statusesOf } from '../api/findings.ts';
import type { Findings } from '../audit/findings.ts';
import { severities } from '../findings/kind.ts';
import type { StoredFinding } from '../findings/lifecycle.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import { findingTable } from './finding-table.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { page } from './page.ts';

const pageSize = 50;
/** Findings of each of the four lists by severity. */
const eachSeverity = 12;

const orders = ['newest', 'severity'] as const;
const groups = ['severity', 'kind', 'repository'] as const;

const query = z.strictObject({
  registry: z.optional(z.string()),
  image: z.optional(z.string()),
  status: z.optional(z.enum(statuses, { error: `must be one of ${statuses.join(', ')}` })),
  severity: z.optional(z.enum(severities, { error: `must be one of ${severities.join(', ')}` })),
  kind: z.optional(z.enum(kinds, { error: `must be one of ${kinds.join(', ')}` })),
  sort: z.optional(z.enum(orders, { error: `must be one of ${orders.join(', ')}` })),
  group: z.optional(z.enum(groups, { error: `must be one of ${groups.join(', ')}` })),
  cursor: z.optional(z.string()),
});
type Query = z.output<typeof query>;

/** What is not as it should be: filtered, sorted, in groups. */
export function findingsPage(registries: readonly AcceptedRegistry[], findings: Pick<Findings, 'page'>) {
  async function listed(
    asked: Query,
    severity: Query['severity'],
    cursor: string | undefined,
    limit = pageSize,
  ) {
    const { registry: ofRegistry, image, status, kind } = asked;
    const { registry, repository, tag, digest } = readFindingScope(ofRegistry, image, registries);
    const filter = { statuses: statusesOf(status), ...present({ severity, kind, repository, tag, digest }) };
    const after = cursor === undefined ? undefined : readCursor(cursor);
    const { items, next } = await mergedPage(findings, registry, filter, limit, after);
    const { cursor: _, ...rest } = asked;
    const goesOn =
      next === undefined
        ? undefined
        : withQuery(`${home}/findings`, { ...rest, severity, sort: undefined, cursor: cursorOf(next) });
    return { findings: items.map(({ finding }) => finding), next: goesOn };
  }

  return page({
    name: 'dashboardFindings',
    path: 'findings',
    query,
    async answer({ query: asked }) {
      const { severity, sort = 'newest', group, cursor, registry, image, status, kind } = asked;
      const csv = (more: { severity?: string | undefined }) =>
        exportHref('findings', { registry, image, status, kind, severity, ...more });
      // The most severe first are four lists, each of which goes on by itself.
      const lists =
        sort === 'severity' && severity === undefined
          ? await Promise.all(
              severities.map(async (one) => {
                const { findings: found, next } = await listed(asked, one, undefined, eachSeverity);
                return found.length === 0 && next === undefined
                  ? undefined
                  : findingTable({ caption: one, findings: found, next, csv: csv({ severity: one }) });
              }),
            )
          : grouped(await listed(asked, severity, cursor), group, csv({}));
      const isEmpty = lists.every((list) => list === undefined);
      const body = html`<h1>Findings</h1>
${filterForm(asked)}
${isEmpty ? findingTable({ caption: 'Findings', findings: [], csv: '', empty: emptyText(asked) }) : lists}`;
      return { title: 'Findings', section: 'findings', body };
    },
  });
}

function grouped(
  { findings, next }: { readonly findings: readonly StoredFinding[]; readonly next: string | undefined },
  group: Query['group'],
  csv: string,
): readonly (Html | undefined)[] {
  if (findings.length === 0 && next === undefined) return [undefined];
  if (group === undefined) return [findingTable({ caption: 'Newest first', findings, next, csv })];
  const groupOf = ({ severity, kind, subject }: StoredFinding) =>
    group === 'severity' ? severity : group === 'kind' ? kind : subject.repository || subject.registry;
  const byGroup = [...Map.groupBy(findings, groupOf)];
  return byGroup.map(([name, those], place) =>
    findingTable({
      caption: `${name} (${those.length} on this page)`,
      findings: those,
      csv,
      next: place === byGroup.length - 1 ? next : undefined,
    }),
  );
}

function emptyText({ status, severity, kind, image, registry, cursor }: Query): Html {
  const isFiltered = [status, severity, kind, image, registry, cursor].some((value) => value !== undefined);
  return isFiltered
    ? html`<p>No finding matches. <a href="${home}/findings">Show all that are open</a>.</p>`
    : html`<p>Nothing is found that should not be. A finding appears when, for one, an image that is in use is deleted, a protected tag moves or a lock is taken away.</p>`;
}

function filterForm({ registry, image, status, severity, kind, sort, group }: Query): Html {
  const choice = (
    name: string,
    label: string,
    values: readonly string[],
    chosen: string | undefined,
    none: string,
  ) =>
    html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}"><option value="">${none}</option>${values.map(
      (value) =>
        value === chosen ? html`<option selected>${value}</option>` : html`<option>${value}</option>`,
    )}</select></div>`;
  return html`<form class="filter" action="${home}/findings" method="get" aria-label="Filter">
${choice(
  'status',
  'Status',
  statuses.filter((one) => one !== 'active'),
  status,
  'active',
)}
${choice('severity', 'Severity', severities, severity, 'any')}
${choice('kind', 'Kind', kinds, kind, 'any')}
<div><label for="image">Image</label><input id="image" name="image" value="${image ?? ''}" maxlength="1024"></div>
${registry === undefined ? undefined : html`<input type="hidden" name="registry" value="${registry}">`}
${choice('sort', 'Sort', ['severity'], sort, 'newest')}
${choice('group', 'Group by', groups, group, 'nothing')}
<button type="submit">Filter</button></form>`;
}
