import { html } from 'hono/html';
import * as z from 'zod/mini';
import { applicantOf } from '../api/approvals.ts';
import { cursorOf, readCursor } from '../api/cursor.ts';
import type { Principal } from '../api/principal.ts';
import { badBody, RequestProblem } from '../api/problem.ts';
import { readDecision } from '../api/reason-body.ts';
import {
  noRetention,
  placeForm,
  placeIn,
  planNamed,
  type RetentionPlansUseCases,
  unknownPlan,
} from '../api/retention-plans.ts';
import type { DecisionPage } from '../audit/list-decisions.ts';
import type { PlanHeader } from '../audit/retention-ports.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { present } from '../registry/present.ts';
import type { Html } from './html.ts';
import { exportHref, home, planHref, withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { type Deed, page, tokenField } from './page.ts';
import { planBadge } from './retention.ts';
import { badge, digestLink, repositoryLink, shownSize, shownTime, tagLink } from './shown.ts';
import { table } from './table.ts';

const pageSize = 50;
/** Each is a file of its own; with the plan, their list and the one after them, ten queries. */
const mostRepositories = 7;
const actions = ['delete', 'untag', 'keep'] as const;

type PlanPorts = Pick<RetentionPlansUseCases, 'plans' | 'decisions' | 'planning'>;

/** A plan: what it rests on, what becomes of everything and why, and whether to approve it. */
export function planPage(registries: readonly AcceptedRegistry[], { plans, decisions }: PlanPorts) {
  return page({
    name: 'dashboardPlan',
    path: 'retention/{id}',
    query: z.strictObject({
      action: z.optional(z.enum(actions, { error: `must be one of ${actions.join(', ')}` })),
      cursor: z.optional(z.string()),
      done: z.optional(z.enum(['approve', 'execute'])),
    }),
    async answer({ params, query: { action, cursor, done }, principal, token }) {
      const plan = await planNamed(registries, plans, params['id']);
      const from = cursor === undefined ? undefined : placeIn(readCursor(cursor, placeForm));
      const listed =
        plan.state === 'making'
          ? { items: [] }
          : await decisions(plan.registry, plan.id, {
              limit: pageSize,
              mostRepositories,
              ...present({ action, from }),
            });
      const body = html`${done === undefined ? undefined : html`<p class="note" role="status">${done === 'approve' ? 'Approved. Another principal may have it run now.' : 'It runs now.'}</p>`}
<p class="quiet">${plan.registry}</p><h1>Plan of ${shownTime(plan.createdAt)}</h1>
<p>${planBadge(plan.state)} ${plan.stoppedBecause === undefined ? undefined : outside(plan.stoppedBecause)}</p>
${plan.state === 'making' ? html`<p class="note">It is being made: load the page again in a minute.</p>` : undefined}
${blocksOf(plan)}${factsOf(plan)}
<h2>Decide</h2>
${decideOn(plan, principal, token)}
<h2>What becomes of what</h2>
${itemTable(plan, listed, action)}`;
      return { title: 'Plan', section: 'retention', body };
    },
  });
}

/** What somebody decides about a plan: to approve it. */
export function planApproveDeed(registries: readonly AcceptedRegistry[], ports: PlanPorts): Deed {
  return planDeed(registries, ports, 'approve');
}

/** What another one decides: to have it run. */
export function planExecuteDeed(registries: readonly AcceptedRegistry[], ports: PlanPorts): Deed {
  return planDeed(registries, ports, 'execute');
}

function planDeed(
  registries: readonly AcceptedRegistry[],
  { plans, planning }: PlanPorts,
  decision: 'approve' | 'execute',
): Deed {
  return {
    name: decision === 'approve' ? 'dashboardPlanApprove' : 'dashboardPlanExecute',
    path: `retention/{id}/${decision}`,
    role: decision === 'approve' ? 'Retention.Plan' : 'Retention.Execute',
    async answer({ params, form, principal }) {
      const decide = (planning ?? noRetention())[decision];
      const reading = readDecision(form);
      if (!reading.ok) throw badBody(reading.problems);
      const { registry, id } = await planNamed(registries, plans, params['id']);
      const outcome = await decide(registry, id, { by: applicantOf(principal), ...reading.value });
      if (outcome.outcome === 'unknown') throw unknownPlan(id);
      if (outcome.outcome === 'refused') {
        const title = decision === 'approve' ? 'The plan is not approved' : 'The plan is not run';
        throw new RequestProblem({
          status: 409,
          type: 'plan-refused',
          title,
          detail: outcome.refusal.detail,
        });
      }
      return { to: `${planHref(id)}?done=${decision}` };
    },
  };
}

function blocksOf({ blocks }: PlanHeader): Html | undefined {
  if (blocks.length === 0) return undefined;
  const [most, rest] = [blocks.slice(0, 20), blocks.length - 20];
  return html`<div class="problem"><h2>It may not run</h2><ul>${most.map((block) => html`<li>${outside(block)}</li>`)}</ul>${rest > 0 ? html`<p>and ${rest} more</p>` : undefined}</div>`;
}

function factsOf({
  counts,
  freed,
  inputs,
  softDelete,
  hash,
  createdBy,
  repositories,
  approvedBy,
  approvedAt,
  executedBy,
  executedAt,
  finishedAt,
  done,
}: PlanHeader): Html {
  const by = (name: string, who: string | undefined, at: number | undefined) =>
    who === undefined
      ? undefined
      : html`<dt>${name}</dt><dd>${outside(who)}${at === undefined ? undefined : html`, ${shownTime(at)}`}</dd>`;
  return html`<dl class="facts">
<dt>Of</dt><dd>${repositories ?? 'all repositories'}: ${counts.repositories} repositories, ${counts.tags} tags, ${counts.manifests} manifests</dd>
<dt>Would go</dt><dd>${counts.untag} tags, ${counts.delete} manifests, which frees ${shownSize(freed.atLeast)} to ${shownSize(freed.atMost)}</dd>
<dt>Way back</dt><dd>${softDelete === undefined ? 'not known' : softDelete ? badge('soft delete keeps it for some days', 'good') : badge('none: soft delete is off', 'bad')}</dd>
<dt>Rests on</dt><dd>${inputs.historyAt === undefined ? 'no history' : html`history up to ${shownTime(inputs.historyAt)}`}${inputs.sources.map(({ source, condition }) => html`, ${source} (${condition})`)}</dd>
<dt>Made by</dt><dd>${outside(createdBy)}</dd>
${by('Approved by', approvedBy, approvedAt)}${by('Run by', executedBy, executedAt)}${by('Ended', finishedAt === undefined ? undefined : 'the run', finishedAt)}
${done === undefined ? undefined : html`<dt>Done</dt><dd>${done.untagged} untagged, ${done.deleted} deleted, ${done.spared} spared</dd>`}
<dt>Hash</dt><dd><code>${hash}</code></dd></dl>`;
}

function decideOn({ id, state, hash }: PlanHeader, { roles, name }: Principal, token: string): Html {
  const form = (
    decision: 'approve' | 'execute',
    title: string,
  ) => html`<form class="deed card" method="post" action="${planHref(id)}/${decision}">${tokenField(token)}
<input type="hidden" name="hash" value="${hash}"><div class="wide"><label for="reason">Reason</label><input id="reason" name="reason" required maxlength="2000" autocomplete="off"></div>
<button type="submit">${title}</button></form>`;
  const lacking = (role: string) =>
    html`<p class="empty">That takes the app role ${role}, which ${outside(name)} does not have.</p>`;
  if (state === 'ready')
    return roles.has('Retention.Plan') ? form('approve', 'Approve') : lacking('Retention.Plan');
  if (state === 'approved')
    return roles.has('Retention.Execute') ? form('execute', 'Run it') : lacking('Retention.Execute');
  return html`<p class="empty">There is nothing to decide while it is ${state}.</p>`;
}

function itemTable(
  { id, registry }: PlanHeader,
  { items, next }: DecisionPage,
  action: string | undefined,
): Html {
  const filter = actions.map((one) =>
    one === action
      ? html`<li><strong>${one}</strong></li>`
      : html`<li><a href="${withQuery(planHref(id), { action: one })}">${one}</a></li>`,
  );
  const goesOn =
    next === undefined
      ? undefined
      : withQuery(planHref(id), { action, cursor: cursorOf(`${next.repository}|${next.item}`) });
  return html`<nav aria-label="Show only"><ul>${filter}<li><a href="${planHref(id)}">all</a></li></ul></nav>
${table<DecisionPage['items'][number]>({
  caption: action === undefined ? 'Every tag and manifest' : `Of which: ${action}`,
  items,
  columns: [
    { head: 'Repository', cell: ({ of }) => repositoryLink({ ...of, registry }) },
    {
      head: 'What',
      cell: ({ of, item: { tag, digest } }) =>
        tag === undefined
          ? digestLink({ ...of, digest })
          : html`${tagLink({ ...of, tag })} ${digestLink({ ...of, digest })}`,
    },
    { head: 'Becomes', cell: ({ item }) => badge(item.action, item.action === 'keep' ? 'good' : 'bad') },
    {
      head: 'Why',
      cell: ({ item: { reasons } }) =>
        reasons.length === 0
          ? 'nothing keeps it'
          : reasons.map(
              ({ code, detail }) =>
                html`<div><strong>${code}</strong> ${detail === undefined ? undefined : outside(detail)}</div>`,
            ),
    },
    {
      head: 'Frees',
      cell: ({ item: { freed } }) =>
        freed === undefined ? '' : `${shownSize(freed.atLeast)} to ${shownSize(freed.atMost)}`,
      isNumber: true,
    },
  ],
  empty: html`<p>Nothing of that kind is in the plan, or in the repositories from here on. <a href="${home}/retention">All plans</a></p>`,
  csv: exportHref(`retention/plans/${id}/items`, { action }),
  next: goesOn,
})}`;
}
