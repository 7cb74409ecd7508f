import { html } from 'hono/html';
import * as z from 'zod/mini';
import { everywhere } from '../api/findings.ts';
import { freshnessOf, inventoryStatus, type StatusPorts } from '../api/status.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages, PlacedEntry } from '../audit/history-pages.ts';
import type { ProtectionIndex } from '../audit/protection-ports.ts';
import { queryHistory } from '../audit/query-history.ts';
import { type Severity, severities } from '../findings/kind.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Environment } from '../protection/policy.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { activityPicture, daysOf } from './activity-picture.ts';
import { changeTable } from './change-table.ts';
import { environmentCards } from './environment-cards.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { page } from './page.ts';
import { badge, shownSpan, shownTime } from './shown.ts';

/** What the first page is told from. */
export interface OverviewPorts {
  readonly status: StatusPorts;
  readonly pages: HistoryPages;
  readonly findings: Pick<Findings, 'page'>;
  readonly index: Pick<ProtectionIndex, 'page'>;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  /** Absent without a policy. */
  readonly environments: readonly Environment[] | undefined;
}

const [days, mostChanges, mostFindings, mostApprovals] = [7, 200, 500, 20];

/** The first page: what needs a look, whether all is seen, and what happened lately. */
export function overviewPage(registries: readonly AcceptedRegistry[], ports: OverviewPorts) {
  const { status, pages, findings, index, windows, environments } = ports;
  const ask = queryHistory({ pages });

  async function changesSince(from: number) {
    const all = await Promise.all(
      registries.map(({ loginServer }) =>
        ask({ scope: { registry: loginServer }, from, limit: mostChanges }),
      ),
    );
    const entries = all
      .flatMap(({ items }) => items)
      .sort((a, b) => b.entry.fact.at.time - a.entry.fact.at.time);
    return { entries, isCut: all.some(({ next }) => next !== undefined) };
  }

  /** Less than `GET status` tells: what is not shown is not read. */
  async function freshness() {
    const waiting = await status.queue.waiting();
    return Promise.all(registries.map(({ loginServer }) => freshnessOf(loginServer, waiting, status)));
  }

  async function severitiesOf(): Promise<Readonly<Record<Severity, Count>>> {
    const statuses = ['open', 'acknowledged'] as const;
    const found = await Promise.all(
      everywhere(registries).map((registry) => findings.page(registry, { statuses }, mostFindings)),
    );
    const isMore = found.some(({ next }) => next !== undefined);
    const items = found.flatMap((one) => one.items);
    const count = (severity: Severity) => ({
      count: items.filter(({ finding }) => finding.severity === severity).length,
      isMore,
    });
    return { critical: count('critical'), high: count('high'), medium: count('medium'), low: count('low') };
  }

  async function newestApprovals(): Promise<readonly ApprovalWindow[]> {
    const listed = await Promise.all(
      registries.map(async ({ loginServer: registry }) => {
        const { items } = await index.page(registry, mostApprovals);
        const wanted = new Set(items.map(({ approval }) => approval));
        const repositories = [...new Set(items.map(({ repository }) => repository))];
        const all = await Promise.all(repositories.map((repository) => windows({ registry, repository })));
        return all.flat().filter(({ approval }) => wanted.has(approval.id));
      }),
    );
    return listed.flat();
  }

  return page({
    name: 'dashboardOverview',
    path: '',
    query: z.strictObject({}),
    async answer() {
      const now = status.clock.now();
      const [told, inventory, counts, changes, approvals] = await Promise.all([
        freshness(),
        status.coverage().then(inventoryStatus),
        severitiesOf(),
        changesSince(now - days * 86_400_000),
        newestApprovals(),
      ]);
      const body = html`<h1>Overview</h1>
${findingCards(counts)}
<h2>Registries</h2>
<div class="cards">${told.map((one) => registryCard(one, now))}${inventoryCard(inventory)}</div>
<h2>The last ${days} days</h2>
${activityPicture(daysOf(changes.entries, now, days, changes.isCut))}
${newestChanges(changes.entries.slice(0, 10), registries)}
<h2>Protected releases</h2>
${environmentCards(environments, approvals)}`;
      return { title: 'Overview', section: 'overview', body };
    },
  });
}

interface Count {
  readonly count: number;
  readonly isMore: boolean;
}

function findingCards(counts: Readonly<Record<Severity, Count>>): Html {
  const cards = severities.map((severity) => {
    const { count, isMore } = counts[severity];
    const href = withQuery(`${home}/findings`, { severity });
    return html`<div class="card"><h3><a href="${href}">${severity}</a></h3><p class="figure">${count}${isMore ? '+' : ''}</p></div>`;
  });
  const none = severities.every((severity) => counts[severity].count === 0);
  return html`<h2>Open findings</h2><div class="cards figures">${cards}</div>
${none ? html`<p class="quiet">Nothing is found that should not be. Findings appear here by themselves, such as a deletion of an image that is in use.</p>` : undefined}`;
}

function registryCard(one: Awaited<ReturnType<typeof freshnessOf>>, now: number): Html {
  const { registry, lastEvent, rejected, repositoriesFailed } = one;
  const compared = 'lastFullReconcile' in one ? one.lastFullReconcile : undefined;
  const href = withQuery(`${home}/repositories`, { registry });
  const events =
    lastEvent === undefined
      ? html`<p>No event yet. Push an image, or check the Event Grid subscription.</p>`
      : html`<p>Last event ${shownTime(lastEvent.occurredAt)}, recorded ${shownSpan(lastEvent.lagMs)} later.</p>`;
  const comparison =
    compared === undefined
      ? html`<p>${badge('not compared yet', 'warn')} The first comparison with the registry begins within the hour.</p>`
      : html`<p>Compared with the registry ${shownSpan(now - Date.parse(compared))} ago.</p>`;
  return html`<div class="card"><h3><a href="${href}">${registry}</a></h3>${events}${comparison}
${repositoriesFailed > 0 ? html`<p>${badge(`${repositoriesFailed} repositories not compared`, 'bad')}</p>` : undefined}
${rejected > 0 ? html`<p>${badge(`${rejected} inputs rejected`, 'warn')}</p>` : undefined}</div>`;
}

function inventoryCard({ sources, fresh, inDoubt }: ReturnType<typeof inventoryStatus>): Html {
  const state =
    sources === 0
      ? html`<p>No source says what is running, so nothing can be called unused. Name your clusters in inventory.json.</p>`
      : fresh
        ? html`<p>${badge('complete and fresh', 'good')} ${sources} sources.</p>`
        : html`<p>${badge('in doubt', 'warn')} ${inDoubt.slice(0, 10).join(', ')}. What these use is kept.</p>`;
  return html`<div class="card"><h3><a href="${home}/workloads">Inventory</a></h3>${state}</div>`;
}

function newestChanges(entries: readonly PlacedEntry[], registries: readonly AcceptedRegistry[]): Html {
  const [only] = registries;
  return changeTable({
    caption: 'Newest changes',
    entries,
    of: 'registry',
    empty: html`<p>Nothing was pushed or removed in these days. History begins with the first event that a registry sends; try a push.</p>`,
    csv: exportHref('history', registries.length === 1 ? {} : { image: only?.loginServer }),
  });
}
