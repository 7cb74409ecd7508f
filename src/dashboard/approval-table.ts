import { html } from 'hono/html';
import type { RepositoryId } from '../history/fact.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import { approvalBadge } from './environment-cards.ts';
import type { Content, Html } from './html.ts';
import { exportHref } from './links.ts';
import { outside } from './outside-text.ts';
import { digestLink, shownTime } from './shown.ts';
import { table } from './table.ts';

/** Approvals of a repository's images with their evidence, and until when each is kept. */
export function approvalTable(
  approvals: readonly ApprovalWindow[],
  { registry, repository }: RepositoryId,
): Html {
  return table<ApprovalWindow>({
    caption: 'Approvals',
    items: approvals,
    columns: [
      { head: 'For', cell: ({ approval }) => approval.environment },
      { head: 'Digest', cell: ({ approval }) => digestLink(approval) },
      {
        head: 'State',
        cell: ({ approval }) => html`${approvalBadge(approval.state)} ${approval.outcome ?? ''}`,
      },
      {
        head: 'Approved',
        cell: ({ approval }) =>
          html`${shownTime(approval.requestedAt)} by ${outside(approval.approver.name)}`,
      },
      { head: 'Why', cell: evidenceOf },
      { head: 'Kept', cell: keptOf },
    ],
    empty: html`<p>Nothing is approved, so nothing protects it. Approve a release with <code>acr-audit approve</code>: its digest, and all that it consists of, is locked then.</p>`,
    csv: exportHref('approvals', { image: `${registry}/${repository}` }),
  });
}

function evidenceOf({ approval }: ApprovalWindow): Content {
  const { reason, ticket, build, commit, scan } = approval;
  const named: readonly (readonly [string, string | undefined])[] = [
    ['ticket', ticket],
    ['build', build],
    ['commit', commit],
    ['scan', scan && `${scan.tool}: ${scan.status}`],
  ];
  return html`${outside(reason)}${named.map(([name, text]) => (text === undefined ? undefined : html`<br><span class="quiet">${name}</span> ${outside(text)}`))}`;
}

function keptOf({ reasons, ends }: ApprovalWindow): Content {
  if (reasons.length === 0) return html`<span class="quiet">no longer</span>`;
  const why = reasons.join(', ');
  switch (ends.kind) {
    case 'at':
      return html`until ${shownTime(ends.time)} (${why})`;
    case 'with-releases':
      return html`until newer releases, and to ${shownTime(ends.notBefore)} at least (${why})`;
    case 'when-lifted':
      return html`until its hold is lifted (${why})`;
  }
}
