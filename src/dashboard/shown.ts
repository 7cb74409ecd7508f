import { html } from 'hono/html';
import type { RepositoryId } from '../history/fact.ts';
import type { Html } from './html.ts';
import { digestHref, repositoryHref, tagHref } from './links.ts';
import { outside } from './outside-text.ts';

/** A time (epoch milliseconds, or RFC 3339), to the second in UTC. */
export function shownTime(time: number | string): Html {
  const iso = new Date(time).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

/** A digest by its first characters: enough to tell it from its neighbours, never to pull by. */
export function shortDigest(digest: string): string {
  return `${digest.slice(0, digest.indexOf(':') + 13)}…`;
}

/** A digest that leads to its page. */
export function digestLink(at: RepositoryId & { readonly digest: string }): Html {
  return html`<a href="${digestHref(at)}" title="${at.digest}"><code>${shortDigest(at.digest)}</code></a>`;
}

/** A tag that leads to its page. */
export function tagLink(at: RepositoryId & { readonly tag: string }): Html {
  return html`<a href="${tagHref(at)}">${outside(at.tag)}</a>`;
}

/** A repository that leads to its page. */
export function repositoryLink(id: RepositoryId): Html {
  return html`<a href="${repositoryHref(id)}">${outside(id.repository)}</a>`;
}

/** Something's state, as a word: colour says nothing that the word does not. */
export function badge(text: string, tone: 'good' | 'warn' | 'bad' | 'plain' = 'plain'): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** How much a finding matters. */
export function severityBadge(severity: string): Html {
  return badge(
    severity,
    severity === 'critical' || severity === 'high' ? 'bad' : severity === 'medium' ? 'warn' : 'plain',
  );
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes as people read them. */
export function shownSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A length of time, in milliseconds, to its greatest unit. */
export function shownSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
