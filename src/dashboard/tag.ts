import { html } from 'hono/html';
import * as z from 'zod/mini';
import { cursorOf, readCursor } from '../api/cursor.ts';
import { isoTime } from '../api/history-entry.ts';
import { readTagImage } from '../api/image-parameter.ts';
import { badParameters } from '../api/problem.ts';
import type { EvidenceReader } from '../audit/digest-evidence.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { ListedUse, UsesBounds, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { Clock } from '../audit/ports.ts';
import { queryHistory } from '../audit/query-history.ts';
import { resolveTag, type TagResolution } from '../audit/resolve-tag.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { LockState } from '../registry/lock-state.ts';
import { approvalTable } from './approval-table.ts';
import { asOfForm, asOfParameter } from './as-of.ts';
import { commandList, tagCommands } from './az-commands.ts';
import { changesOf, changeTable } from './change-table.ts';
import type { Html } from './html.ts';
import { exportHref, home, tagHref, withQuery } from './links.ts';
import { locksShown } from './locks-shown.ts';
import { outside, plainly } from './outside-text.ts';
import { page } from './page.ts';
import { badge, digestLink, repositoryLink, shownTime } from './shown.ts';
import { type Mark, timelinePicture } from './timeline-picture.ts';
import { useTable } from './use-table.ts';

/** What a tag's page is told from. */
export interface TagPorts {
  readonly pages: HistoryPages;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
  readonly evidence: Pick<EvidenceReader, 'locksOfTag'>;
  readonly clock: Clock;
}

const [mostEntries, mostListed] = [30, 15];

/** With the rest of the page, at most ten queries. */
const most: UsesBounds = { claims: 1_000, tags: 1, above: 0 };

/** A tag: what it points to, or pointed to at a time, and how it came to. */
export function tagPage(
  registries: readonly AcceptedRegistry[],
  { pages, windows, listUses, evidence: locks, clock }: TagPorts,
) {
  const ask = queryHistory({ pages });
  const resolve = resolveTag({ pages });
  return page({
    name: 'dashboardTag',
    path: 'tag',
    query: z.strictObject({
      image: z.string({ error: 'is missing: give a repository and tag, such as team/app:1.4.2' }),
      at: z.optional(asOfParameter),
      cursor: z.optional(z.string()),
    }),
    async answer({ query: { image, at, cursor } }) {
      const named = readTagImage(image, registries);
      const { registry, repository, tag } = named;
      const now = clock.now();
      if (at !== undefined && at > now) {
        throw badParameters([{ name: 'at', reason: `is in the future: give a time up to ${isoTime(now)}` }]);
      }
      const after = cursor === undefined ? {} : { after: readCursor(cursor) };
      const [resolution, { items, next }, approved, uses, allowed] = await Promise.all([
        resolve(named, tag, at ?? now),
        ask({ scope: named, limit: mostEntries, ...after }),
        windows({ registry, repository }),
        listUses({ image: named, most, ...(at === undefined ? {} : { at }) }),
        locks.locksOfTag(named, tag),
      ]);
      const held = new Set<string>(items.map(({ entry }) => entry.fact.digest));
      const approvals = approved.filter(({ approval }) => approval.tag === tag || held.has(approval.digest));
      const marks = [
        ...approvals.slice(0, mostListed).map(approvalMark),
        ...uses.uses.slice(0, mostListed).map(useMark),
      ];
      const reference = `${registry}/${repository}:${tag}`;
      const goesOn =
        next === undefined
          ? undefined
          : withQuery(`${home}/tag`, { image: reference, cursor: cursorOf(next) });
      const body = html`<p>${repositoryLink(named)} <span class="quiet">in ${registry}</span></p>
<h1>Tag ${outside(tag)}</h1>
${answerOf(named, resolution, at)}
${lockNote(allowed)}
${asOfForm(`${home}/tag`, { image: reference }, at)}
<h2>Timeline</h2>
${items.length === 0 ? undefined : timelinePicture({ of: named, entries: items, marks, now, at })}
${changeTable({
  caption: 'What happened to it, newest first',
  changes: changesOf(items),
  of: 'tag',
  empty: html`<p>No event named this tag. History begins with the first event that the registry sent.</p>`,
  csv: exportHref('history', { image: reference }),
  next: goesOn,
})}
<h2>Approvals</h2>
${approvalTable(approvals.slice(0, mostListed), named)}
<h2>In use</h2>
${useTable({
  caption: at === undefined ? 'Workloads that name this tag' : 'Workloads that named this tag then',
  uses: uses.uses.slice(0, mostListed),
  csv: exportHref('uses', { image: reference, at: at === undefined ? undefined : isoTime(at) }),
  coverage: at === undefined ? uses.coverage : undefined,
  isCut: uses.isCut,
  more: uses.uses.length > mostListed ? uses.uses.length : undefined,
})}
<h2>Confirm it yourself</h2>
<p>These commands ask the registry, and not this service.</p>
${commandList(tagCommands(named))}`;
      return { title: `${plainly(tag)} of ${repository}`, section: 'repositories', body };
    },
  });
}

function approvalMark({ approval }: ApprovalWindow): Mark {
  return { kind: 'approval', at: approval.requestedAt, text: `approved for ${approval.environment}` };
}

function useMark({ claim }: ListedUse): Mark {
  const { workload, since, firstSeen } = claim;
  return { kind: 'deployment', at: since ?? firstSeen, text: `${workload.kind} ${workload.name} deployed` };
}

function lockNote(locks: LockState | undefined): Html | undefined {
  const shown = locksShown(locks, 'tag');
  return shown && html`<p>${shown} as the last comparison with the registry saw it.</p>`;
}

type NamedTag = RepositoryId & { readonly tag: string };

/** The answer, before anything else: which digest, since when, and how sure that is. */
function answerOf(named: NamedTag, resolution: TagResolution, at: number | undefined): Html {
  const when = at === undefined ? 'now' : html`at ${shownTime(at)}`;
  switch (resolution.outcome) {
    case 'resolved': {
      const { digest, since, sinceNotBefore, until, untilNotBefore, certainty } = resolution;
      const share =
        at === undefined
          ? undefined
          : html`<p class="quiet">This address can be shared: <a href="${tagHref(named, isoTime(at))}">as of ${isoTime(at)}</a>.</p>`;
      const from =
        sinceNotBefore === undefined
          ? shownTime(since)
          : html`some time from ${shownTime(sinceNotBefore)} to ${shownTime(since)}`;
      const to =
        until === undefined
          ? undefined
          : untilNotBefore === undefined
            ? html`, until ${shownTime(until)}`
            : html`, until some time from ${shownTime(untilNotBefore)} to ${shownTime(until)}`;
      return html`<div class="note" id="answer"><p>It ${at === undefined ? 'points' : 'pointed'} to ${digestLink({ ...named, digest })} ${when} ${certainty === 'exact' ? badge('exact', 'good') : badge('within a window', 'warn')}</p>
<p><code>${digest}</code></p><p>Since ${from}${to}.</p>${share}</div>`;
    }
    case 'ended': {
      const { kind, fact } = resolution.entry;
      return html`<div class="note" id="answer"><p>It ${at === undefined ? 'points' : 'pointed'} to nothing ${when}: it was ${kind} at ${shownTime(fact.at.time)}. Last it pointed to ${digestLink({ ...named, digest: fact.digest })}.</p></div>`;
    }
    case 'before-history':
      return html`<div class="note" id="answer"><p>Its history is known from ${shownTime(resolution.knownFrom)}: ask about a time after that.</p></div>`;
    case 'unknown':
      return html`<div class="note" id="answer"><p>No event named this tag. Check its spelling, and the repository: ${repositoryLink(named)}.</p></div>`;
  }
}
