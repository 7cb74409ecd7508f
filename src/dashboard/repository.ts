import { html } from 'hono/html';
import * as z from 'zod/mini';
import { readImage } from '../api/image-parameter.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { UsesBounds, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import { queryHistory } from '../audit/query-history.ts';
import type { PresentTag, RepositoryTags, TagDetail, TagPage } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { isTag } from '../registry/name.ts';
import { changesOf, changeTable } from './change-table.ts';
import { findingTable } from './finding-table.ts';
import type { Content, Html } from './html.ts';
import { digestHref, exportHref, home, tagHref, withQuery } from './links.ts';
import { locksShown } from './locks-shown.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { digestLink, shownSize, shownTime, tagLink } from './shown.ts';
import { type Column, table } from './table.ts';

/** What a repository's page is told from. */
export interface RepositoryPorts {
  readonly tags: RepositoryTags;
  readonly pages: HistoryPages;
  readonly findings: Pick<Findings, 'page'>;
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
}

const [pageSize, newest, mostFindings] = [25, 10, 20];

/** With the tags, the changes and the findings, ten queries. */
const most: UsesBounds = { claims: 1_000, tags: 1, above: 0 };

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
        tags.page(id, pageSize, { after }),
        ask({ scope: id, limit: newest }),
        listUses({ image: id, most }),
        findings.page(registry, about, mostFindings),
      ]);
      const next =
        listed.next === undefined
          ? undefined
          : withQuery(`${home}/repository`, { image: reference, after: listed.next });
      const body = html`<p class="quiet">${registry}</p>
<h1>${outside(repository)}</h1>
<h2>Tags</h2>
${unreadNote(listed)}
${table<PresentTag>({
  caption: after === undefined ? 'Tags now, by name' : `Tags now, after ${after}`,
  items: listed.items,
  columns: [
    { head: 'Tag', cell: ({ tag }) => tagLink({ ...id, tag }) },
    { head: 'Digest', cell: ({ holding }) => digestLink({ ...id, digest: holding.digest }) },
    { head: 'Since', cell: ({ holding }) => shownTime(holding.stretch.time) },
    { head: 'Last push', cell: ({ holding }) => shownTime(holding.lastPush.time) },
    ...detailColumns(id, listed.unread),
    { head: 'Used by', cell: (tag) => usersOf(tag, uses, tagHref({ ...id, tag: tag.tag })) },
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
  changes: changesOf(entries),
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

/** Sizes, platforms and locks, as far as they were read: a column of which nothing was is told in a note. */
function detailColumns(id: RepositoryId, unread: TagPage['unread']): readonly Column<PresentTag>[] {
  const columns: readonly (Column<PresentTag> & { readonly needs: readonly TagDetail[] })[] = [
    {
      head: 'Size',
      cell: ({ description }) => sizeOf(description?.size),
      isNumber: true,
      needs: ['content'],
    },
    { head: 'Platforms', cell: platformsOf, needs: ['content', 'platforms'] },
    {
      head: 'Locks',
      cell: ({ tag, holding: { digest }, locks, manifestLocks }) =>
        html`${unread.has('locks') ? html`<a href="${tagHref({ ...id, tag })}">of the tag</a>` : locksShown(locks, 'tag')} ${unread.has('manifest-locks') ? html`<a href="${digestHref({ ...id, digest })}">of the manifest</a>` : locksShown(manifestLocks, 'manifest')}`,
      needs: [],
    },
  ];
  return columns.filter(({ needs }) => !needs.some((detail) => unread.has(detail)));
}

function unreadNote({ unread }: TagPage): Html | undefined {
  if (!unread.has('content') && !unread.has('platforms')) return undefined;
  return html`<p class="quiet">It has too many manifests to tell sizes and platforms here: the page of a digest does, and the file has all.</p>`;
}

function usersOf({ tag, holding }: PresentTag, listing: UsesListing, href: string): Content {
  const { uses } = listing;
  // Who names another tag may need the digest all the same, where that tag held it.
  const isCut = listing.isCut || uses.some((use) => use.isCut);
  const those = uses.filter(({ claim, digests }) => claim.tag === tag || digests.includes(holding.digest));
  if (those.length === 0) {
    return isCut
      ? html`<a href="${href}">not all was looked at</a>`
      : html`<span class="quiet">nobody, as far as is known</span>`;
  }
  const [first] = those;
  const others = isCut ? ' and maybe more' : those.length > 1 ? ` and ${those.length - 1} more` : '';
  return html`<a href="${href}">${first === undefined ? '' : outside(first.claim.workload.name)}${others}</a>`;
}
