import { html } from 'hono/html';
import { estate } from '../findings/finding.ts';
import { remedyOf } from '../findings/kind.ts';
import { openedAt, type StoredFinding } from '../findings/lifecycle.ts';
import type { Content, Html } from './html.ts';
import { digestHref, findingHref, repositoryHref, tagHref } from './links.ts';
import { outside } from './outside-text.ts';
import { badge, severityBadge, shortDigest, shownTime } from './shown.ts';
import { table } from './table.ts';

/** Findings, each with what to do about it. */
export function findingTable(parts: {
  readonly caption: string;
  readonly findings: readonly StoredFinding[];
  readonly csv: string;
  readonly next?: string | undefined;
  readonly empty?: Content;
}): Html {
  return table<StoredFinding>({
    caption: parts.caption,
    items: parts.findings,
    columns: [
      { head: 'Severity', cell: ({ severity }) => severityBadge(severity) },
      { head: 'Finding', cell: ({ id, kind }) => html`<a href="${findingHref(id)}">${kind}</a>` },
      { head: 'About', cell: aboutFinding },
      { head: 'Status', cell: ({ status }) => statusBadge(status) },
      { head: 'Since', cell: (finding) => shownTime(openedAt(finding)) },
      { head: 'What to do', cell: ({ kind }) => remedyOf(kind) },
    ],
    empty:
      parts.empty ??
      html`<p>Nothing is found. Findings come by themselves, from events and from looks at registries and clusters.</p>`,
    csv: parts.csv,
    next: parts.next,
  });
}

/** Where a finding is in its life. */
export function statusBadge(status: StoredFinding['status']): Html {
  return badge(status, status === 'open' ? 'bad' : status === 'resolved' ? 'good' : 'warn');
}

/** The image that a finding is about, as a link to its page. */
export function aboutFinding({ subject }: StoredFinding): Content {
  const { registry, repository, tag, digest } = subject;
  if (registry === estate) return outside(repository);
  if (tag !== undefined)
    return html`<a href="${tagHref({ registry, repository, tag })}">${outside(`${repository}:${tag}`)}</a>`;
  if (digest !== undefined) {
    return html`<a href="${digestHref({ registry, repository, digest })}">${outside(`${repository}@${shortDigest(digest)}`)}</a>`;
  }
  return repository === ''
    ? registry
    : html`<a href="${repositoryHref({ registry, repository })}">${outside(repository)}</a>`;
}
