import { html } from 'hono/html';
import * as z from 'zod/mini';
import { readImage } from '../api/image-parameter.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { ListedUse, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import { queryHistory } from '../audit/query-history.ts';
import type { PresentTag, RepositoryTags } from '../audit/repository-tags.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { isTag } from '../registry/name.ts';
import { changeTable } from './change-table.ts';
import { findingTable } from './finding-table.ts';
import type { Content } from './html.ts';
import { exportHref, home, tagHref, withQuery } from './links.ts';
import { locksShown } from './locks-shown.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { digestLink, shownSize, shownTime, tagLink } from './shown.ts';
import { table } from './table.ts';

/** What a repository's page is told from. */
export interface RepositoryPorts {
  readonly tags: RepositoryTags;
  readonly pages: HistoryPages;
  readonly findings: Pick<Findings, 'page'>;
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
}

const [pageSize, newest, mostFindings] = [25, 10, 20];

/** A repository: its tags now, with sizes, platforms, locks and users, and what happened in it lately. */
export function repositoryPage(registries: readonly AcceptedRegistry[], ports: RepositoryPorts) {
  const { tags, pages, findings, listUses } = ports;
  const ask = queryHistory({ pages });
  return page({
    name: 'dashboardRepository',
    path: 'repository',
    query: z.strictObject({
      image: z.string({ error: 'is missing: give a repository, such as team/app' }),
      after: z.optional(z.string().check(z.refine(isTag, { error: 'is no tag' }))),
    }),
    async answer({ query: { image, after } }) {
      const { registry, repository } = readImage(image, registries);
      const id = { registry, repository };
      const reference = `${registry}/${repository}`;
      const about = { statuses: ['open', 'acknowledged'] as const, repository };
      const [listed, { items: entries }, uses, found] = await Promise.all([
        tags.page(id, pageSize, after),
        ask({ scope: id, limit: newest }),
        listUses({ image: id }),
        findings.page(registry, about, mostFindings),
      ]);
      const next =
        listed.next === undefined
          ? undefined
          : withQuery(`${home}/repository`, { image: reference, after: listed.next });
      const body = html`<p class="quiet">${registry}</p>
<h1>${outside(repository)}</h1>
<h2>Tags</h2>
${table<PresentTag>({
  caption: after === undefined ? 'Tags now, by name' : `Tags now, after ${after}`,
  items: listed.items,
  columns: [
    { head: 'Tag', cell: ({ tag }) => tagLink({ ...id, tag }) },
    { head: 'Digest', cell: ({ holding }) => digestLink({ ...id, digest: holding.digest }) },
    { head: 'Since', cell: ({ holding }) => shownTime(holding.stretch.time) },
    { head: 'Last push', cell: ({ holding }) => shownTime(holding.lastPush.time) },
    { head: 'Size', cell: ({ description }) => sizeOf(description?.size), isNumber: true },
    { head: 'Platforms', cell: platformsOf },
    {
      head: 'Locks',
      cell: ({ locks, manifestLocks }) =>
        html`${locksShown(locks, 'tag')} ${locksShown(manifestLocks, 'manifest')}`,
    },
    { head: 'Used by', cell: (tag) => usersOf(tag, uses.uses, tagHref({ ...id, tag: tag.tag })) },
  ],
  empty: html`<p>No tag is there now. History below tells what was. Check the name of the repository if you expected some.</p>`,
  csv: exportHref('tags', { image: reference }),
  next,
})}
<h2>Findings</h2>
${findingTable({ caption: 'Open findings about it', findings: found.items.map(({ finding }) => finding), csv: exportHref('findings', { image: reference }) })}
<h2>History</h2>
${changeTable({
  caption: 'Newest changes',
  entries,
  of: 'repository',
  empty: html`<p>Nothing is known of this repository. It appears with its first push, or the first comparison with the registry.</p>`,
  csv: exportHref('history', { image: reference }),
})}`;
      return { title: repository, section: 'repositories', body };
    },
  });
}

function sizeOf(size: number | undefined): Content {
  return size === undefined ? html`<span class="quiet">not known</span>` : shownSize(size);
}

function platformsOf({ description, children }: PresentTag): Content {
  const named = children.flatMap(({ platform }) =>
    platform === undefined ? [] : [[platform.os, platform.architecture, platform.variant]],
  );
  const own = description === undefined ? [] : [[description.os, description.architecture]];
  const texts = (named.length > 0 ? named : own)
    .map((parts) => parts.filter((part) => part !== undefined).join('/'))
    .filter((text) => text !== '');
  if (texts.length === 0) return html`<span class="quiet">not known</span>`;
  return [...new Set(texts)].map((text, place) => html`${place === 0 ? '' : ', '}${outside(text)}`);
}

function usersOf({ tag, holding }: PresentTag, uses: readonly ListedUse[], href: string): Content {
  const those = uses.filter(({ claim, digests }) => claim.tag === tag || digests.includes(holding.digest));
  if (those.length === 0) return html`<span class="quiet">nobody, as far as is known</span>`;
  const [first] = those;
  return html`<a href="${href}">${first === undefined ? '' : outside(first.claim.workload.name)}${those.length > 1 ? ` and ${those.length - 1} more` : ''}</a>`;
}
