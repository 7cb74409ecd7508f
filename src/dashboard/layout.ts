import { html } from 'hono/html';
import type { Principal } from '../api/principal.ts';
import { assetHref } from './asset-text.ts';
import type { Content, Html } from './html.ts';
import { home } from './links.ts';
import { outside, plainly } from './outside-text.ts';

/** Parts of the dashboard, as its navigation names them. */
export const sections = {
  overview: { name: 'Overview', href: home },
  repositories: { name: 'Repositories', href: `${home}/repositories` },
  findings: { name: 'Findings', href: `${home}/findings` },
  workloads: { name: 'Workloads', href: `${home}/workloads` },
  retention: { name: 'Retention', href: `${home}/retention` },
  reference: { name: 'API', href: `${home}/reference` },
} as const;

/** What a page shows. */
export interface Shown {
  readonly title: string;
  readonly body: Content;
  /** The part it belongs to. */
  readonly section?: keyof typeof sections;
  /** What was searched for. */
  readonly search?: string;
}

/** A whole document. */
export function document({ title, body, section, search }: Shown, principal: Principal | undefined): Html {
  const links = Object.entries(sections).map(([key, { name, href }]) =>
    key === section
      ? html`<li><a href="${href}" aria-current="page">${name}</a></li>`
      : html`<li><a href="${href}">${name}</a></li>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${plainly(title)} · acr-audit</title>
<link rel="icon" type="image/svg+xml" href="${assetHref('icon.svg')}">
<link rel="stylesheet" href="${assetHref('style.css')}">
<script defer src="${assetHref('script.js')}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="brand"><a href="${home}">acr-audit</a></p>
<nav aria-label="Parts of the dashboard"><ul>${links}</ul></nav>
<form role="search" action="${home}/search" method="get">
<label class="hidden" for="q">Search a reference, tag, digest, workload or finding</label>
<input id="q" name="q" type="search" maxlength="1024" placeholder="Reference, tag, digest, workload, finding" value="${search ?? ''}">
<button type="submit">Search</button>
</form>
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer>
<p>Times are UTC. ${principal === undefined ? 'Nobody is signed in.' : html`Signed in as ${outside(principal.name)}.`}</p>
</footer>
</body>
</html>
`;
}
