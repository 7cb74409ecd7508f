import { html } from 'hono/html';
import * as z from 'zod/mini';
import { cursorOf, readCursor } from '../api/cursor.ts';
import { readRegistry } from '../api/image-parameter.ts';
import type { RetentionPlansUseCases } from '../api/retention-plans.ts';
import { approvalIdForm } from '../audit/approval-id.ts';
import type { PlanHeader } from '../audit/retention-ports.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { Html } from './html.ts';
import { exportHref, home, planHref, withQuery } from './links.ts';
import { page } from './page.ts';
import { badge, shownSize, shownTime } from './shown.ts';
import { table } from './table.ts';

const pageSize = 25;

/** Plans of what may go, newest first. */
export function retentionPage(
  registries: readonly AcceptedRegistry[],
  { plans, planning }: Pick<RetentionPlansUseCases, 'plans' | 'planning'>,
) {
  return page({
    name: 'dashboardRetention',
    path: 'retention',
    query: z.strictObject({ registry: z.optional(z.string()), cursor: z.optional(z.string()) }),
    async answer({ query: { registry, cursor } }) {
      const asked = registry === undefined ? registries : [readRegistry(registry, registries)];
      const after = cursor === undefined ? undefined : readCursor(cursor, approvalIdForm);
      const lists = await Promise.all(
        asked.map(async ({ loginServer }) => {
          const { items, next } = await plans.page(loginServer, pageSize, after);
          return planTable(loginServer, items, next);
        }),
      );
      const body = html`<h1>Retention</h1>
${
  planning === undefined
    ? html`<p class="empty">The policy does not say what may go, so nothing does. Deploy a <code>policy.json</code> with a section <code>retention</code>.</p>`
    : html`<p>A plan says what may go and why the rest stays. Nothing is removed before one principal has approved it and another has it run.</p>`
}
${lists}`;
      return { title: 'Retention', section: 'retention', body };
    },
  });
}

function planTable(registry: string, plans: readonly PlanHeader[], next: string | undefined): Html {
  return table<PlanHeader>({
    caption: `Plans of ${registry}`,
    items: plans,
    columns: [
      {
        head: 'Made',
        cell: ({ id, createdAt }) => html`<a href="${planHref(id)}">${shownTime(createdAt)}</a>`,
      },
      { head: 'State', cell: ({ state }) => planBadge(state) },
      { head: 'Repositories', cell: ({ repositories }) => repositories ?? 'all' },
      { head: 'Untag', cell: ({ counts }) => counts.untag, isNumber: true },
      { head: 'Delete', cell: ({ counts }) => counts.delete, isNumber: true },
      { head: 'Frees', cell: ({ freed }) => `${shownSize(freed.atLeast)} to ${shownSize(freed.atMost)}` },
      { head: 'Approved', cell: ({ approvedAt }) => (approvedAt === undefined ? '' : shownTime(approvedAt)) },
    ],
    empty: html`<p>No plan yet. Begin one with <code>acr-audit retention plan</code> or <code>POST /api/v1/retention/plans</code>: it only looks.</p>`,
    csv: exportHref('retention/plans', { registry }),
    next:
      next === undefined ? undefined : withQuery(`${home}/retention`, { registry, cursor: cursorOf(next) }),
  });
}

/** Where a plan is. */
export function planBadge(state: PlanHeader['state']): Html {
  const tone =
    state === 'done'
      ? 'good'
      : state === 'failed' || state === 'stopped' || state === 'blocked'
        ? 'bad'
        : 'plain';
  return badge(state, tone);
}
