import { html } from 'hono/html';
import type { Environment } from '../protection/policy.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { Html } from './html.ts';
import { outside } from './outside-text.ts';
import { badge, digestLink, shownTime, tagLink } from './shown.ts';

/** How an approval's state reads. */
export function approvalBadge(state: string): Html {
  const tone =
    state === 'protected'
      ? 'good'
      : state === 'failed'
        ? 'bad'
        : state === 'protecting' || state === 'requested'
          ? 'warn'
          : 'plain';
  return badge(state, tone);
}

/** What is protected in each environment of the policy. `areOthers`: not all repositories were looked at. */
export function environmentCards(
  environments: readonly Environment[] | undefined,
  approvals: readonly ApprovalWindow[],
  areOthers: boolean,
): Html {
  if (environments === undefined || environments.length === 0) {
    return html`<div class="empty"><p>No policy says what may be approved. Deploy a <code>policy.json</code> with environments; what is approved for one is locked and kept.</p></div>`;
  }
  const cards = environments.map(({ name }) => {
    const those = approvals.filter(({ approval }) => approval.environment === name);
    const current = those.filter(({ reasons }) => reasons.includes('current')).slice(0, 5);
    const kept = those.filter(({ reasons }) => reasons.length > 0).length;
    const failed = those.filter(({ approval }) => approval.state === 'failed').length;
    const list =
      current.length === 0
        ? areOthers
          ? html`<p>Nothing of the repository in which something was approved last.</p>`
          : html`<p>Nothing approved lately. Approve a release with <code>acr-audit approve</code> or <code>POST /api/v1/approvals</code>.</p>`
        : html`<ul>${current.map(({ approval }) => html`<li>${approval.tag === undefined ? digestLink(approval) : html`${outside(approval.repository)} ${tagLink({ ...approval, tag: approval.tag })}`} ${approvalBadge(approval.state)} since ${shownTime(approval.requestedAt)}</li>`)}</ul>`;
    return html`<div class="card"><h3>${name}</h3>${list}<p class="quiet">${kept} of its releases there are kept.</p>${failed > 0 ? badge(`${failed} could not be protected`, 'bad') : undefined}</div>`;
  });
  return html`<div class="cards">${cards}</div>`;
}
