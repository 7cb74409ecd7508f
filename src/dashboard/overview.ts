import { html } from 'hono/html';
import * as z from 'zod/mini';
import { everywhere } from '../api/findings.ts';
import { freshnessOf, inventoryStatus, type StatusPorts } from '../api/status.ts';
import type { Announcements } from '../audit/announcements.ts';
import type { Findings } from '../audit/findings.ts';
import type { ProtectionIndex } from '../audit/protection-ports.ts';
import { type Severity, severities } from '../findings/kind.ts';
import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { firstTellings } from '../history/first-tellings.ts';
import type { Environment } from '../protection/policy.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { activityPicture, daysOf } from './activity-picture.ts';
import { changeTable, doneIn } from './change-table.ts';
import { environmentCards } from './environment-cards.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { page } from './page.ts';
import { badge, repositoryLink, shownSpan, shownTime } from './shown.ts';

/** What the first page is told from. */
export interface OverviewPorts {
  readonly status: StatusPorts;
  readonly announcements: Pick<Announcements, 'newest'>;
  readonly findings: Pick<Findings, 'page'>;
  readonly index: Pick<ProtectionIndex, 'page'>;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  /** Absent without a policy. */
  readonly environments: readonly Environment[] | undefined;
}

const [days, mostChanges, mostFindings, mostApprovals] = [7, 200, 500, 20];

/** The first page: what needs a look, whether all is seen, and what happened lately. Ten queries, and six more for each further registry. */
export function overviewPage(registries: readonly AcceptedRegistry[], ports: OverviewPorts) {
  const { status, announcements, findings, index, windows, environments } = ports;

  async function lately(waiting: number, registry: string) {
    const [{ items, isMore }, rejected, rounds] = await Promise.all([
      announcements.newest(registry, mostChanges),
      status.progress.rejected(registry),
      status.rounds.state(registry),
    ]);
    const event = items.find(({ fact }) => fact.source === 'event')?.fact;
    const progress = {
      rejected,
      ...(event === undefined ? {} : { lastEventAt: event.at.time, lastRecordedAt: event.recordedAt }),
    };
    return {
      fresh: freshnessOf(registry, waiting, progress, rounds),
      // Where all of the newest were found, an event may be older.
      hasEvents: event !== undefined || isMore,
      records: firstTellings(items),
      isMore,
    };
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

  /** Approvals of the repository of each registry in which something was approved last, and which others there are. */
  async function newestApprovals() {
    if (environments === undefined || environments.length === 0) return { approvals: [], others: [] };
    const listed = await Promise.all(
      registries.map(async ({ loginServer: registry }) => {
        const { items } = await index.page(registry, mostApprovals);
        const [newest, ...others] = new Set(items.map(({ repository }) => repository));
        return {
          approvals: newest === undefined ? [] : await windows({ registry, repository: newest }),
          others: others.map((repository) => ({ registry, repository })),
        };
      }),
    );
    return {
      approvals: listed.flatMap(({ approvals }) => approvals),
      others: listed.flatMap(({ others }) => others),
    };
  }

  return page({
    name: 'dashboardOverview',
    path: '',
    query: z.strictObject({}),
    async answer() {
      const now = status.clock.now();
      const [told, inventory, counts, { approvals, others }] = await Promise.all([
        status.queue
          .waiting()
          .then((waiting) => Promise.all(registries.map(({ loginServer }) => lately(waiting, loginServer)))),
        status.coverage().then(inventoryStatus),
        severitiesOf(),
        newestApprovals(),
      ]);
      const from = now - days * 86_400_000;
      const recent = told
        .flatMap(({ records }) => records.filter(({ fact }) => fact.at.time >= from))
        .sort((a, b) => b.fact.at.time - a.fact.at.time);
      const isCut = told.some(({ records, isMore }) => isMore && (records.at(-1)?.fact.at.time ?? 0) >= from);
      const facts = recent.map(({ fact }) => fact);
      const body = html`<h1>Overview</h1>
${findingCards(counts)}
<h2>Registries</h2>
<div class="cards">${told.map(({ fresh, hasEvents }) => registryCard(fresh, hasEvents, now))}${inventoryCard(inventory)}</div>
<h2>The last ${days} days</h2>
${activityPicture(daysOf(facts, now, days, isCut))}
${newestChanges(recent.slice(0, 10), registries)}
<h2>Protected releases</h2>
${environmentCards(environments, approvals, others.length > 0)}
${othersApproved(others)}`;
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

function registryCard(one: ReturnType<typeof freshnessOf>, hasEvents: boolean, now: number): Html {
  const { registry, lastEvent, rejected, repositoriesFailed } = one;
  const compared = 'lastFullReconcile' in one ? one.lastFullReconcile : undefined;
  const href = withQuery(`${home}/repositories`, { registry });
  const events =
    lastEvent === undefined
      ? hasEvents
        ? html`<p>None of its newest ${mostChanges} changes was told by an event: comparisons found them.</p>`
        : html`<p>No event yet. Push an image, or check the Event Grid subscription.</p>`
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

function newestChanges(records: readonly AuditRecord[], registries: readonly AcceptedRegistry[]): Html {
  const [only] = registries;
  return changeTable({
    caption: 'Newest changes',
    changes: doneIn(records),
    of: 'registry',
    empty: html`<p>Nothing was pushed or removed in these days. History begins with the first event that a registry sends; try a push.</p>`,
    csv: exportHref('history', registries.length === 1 ? {} : { image: only?.loginServer }),
  });
}

function othersApproved(others: readonly RepositoryId[]): Html | undefined {
  if (others.length === 0) return undefined;
  return html`<p>Approved before that, in other repositories: ${others.map((id, place) => html`${place === 0 ? '' : ', '}${repositoryLink(id)}`)}.</p>`;
}
