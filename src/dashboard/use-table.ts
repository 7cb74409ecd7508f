import { html } from 'hono/html';
import type { ListedUse, UsesListing } from '../audit/list-uses.ts';
import type { Content, Html } from './html.ts';
import { outside } from './outside-text.ts';
import { badge, digestLink, shownTime } from './shown.ts';
import { type Column, table } from './table.ts';

/** Uses, and what may be concluded from there being no others. */
export interface UseTable {
  readonly caption: string;
  readonly uses: readonly ListedUse[];
  readonly csv: string;
  /** Absent where it says nothing, such as of the past. */
  readonly coverage: UsesListing['coverage'] | undefined;
  /** Whether there may be more than were found: not all was looked at. */
  readonly isCut?: boolean;
  /** How many there are, when these are not all. */
  readonly more?: number | undefined;
  readonly next?: string | undefined;
  /** Columns between the image and the times. */
  readonly further?: readonly Column<ListedUse>[];
}

/** Who uses an image, where, and how that is known. */
export function useTable({
  caption,
  uses,
  csv,
  coverage,
  more,
  next,
  isCut = false,
  further = [],
}: UseTable): Html {
  const list = table<ListedUse>({
    caption,
    items: uses,
    columns: [
      { head: 'Workload', cell: workloadOf },
      { head: 'Where', cell: whereOf },
      {
        head: 'State',
        cell: ({ claim }) => badge(claim.state, claim.state === 'running' ? 'good' : 'plain'),
      },
      { head: 'Image', cell: imageOf },
      { head: 'Digest', cell: digestsOf },
      ...further,
      {
        head: 'Seen',
        cell: ({ claim, lastSeen }) => html`${shownTime(claim.firstSeen)} to ${shownTime(lastSeen)}`,
      },
    ],
    empty:
      coverage?.complete === true && coverage.fresh && !isCut
        ? html`<p>No workload uses it, as far as all sources say, and they are complete and fresh.</p>`
        : html`<p>No source has said that something uses it.</p>`,
    csv,
    next,
  });
  return html`${coverage === undefined ? undefined : doubt(coverage)}${isCut ? html`<p>${badge('not all was looked at', 'warn')} More may use it than is listed.</p>` : undefined}${more === undefined ? undefined : html`<p>The first ${uses.length} of ${more}; the file has all.</p>`}${list}`;
}

function doubt({ complete, fresh }: UsesListing['coverage']): Html | undefined {
  if (complete && fresh) return undefined;
  return html`<p>${badge('inventory in doubt', 'warn')} Some sources are missing, incomplete or old: there may be uses that nobody has told.</p>`;
}

function workloadOf({ claim: { workload } }: ListedUse): Content {
  const { kind, name, container, owner } = workload;
  return html`<span class="quiet">${outside(kind)}</span> ${outside(name)}${container === undefined ? undefined : html` <span class="quiet">container</span> ${outside(container)}`}${owner === undefined ? undefined : html`<br><span class="quiet">owner</span> ${outside(owner)}`}`;
}

function whereOf({ claim: { workload, source } }: ListedUse): Content {
  const { environment, namespace } = workload;
  return html`${source}${namespace === undefined ? undefined : html` / ${outside(namespace)}`}${environment === undefined ? undefined : html`<br>${outside(environment)}`}`;
}

function imageOf({ claim }: ListedUse): Content {
  return html`${outside(claim.image)} ${claim.isPinned ? badge('pinned', 'good') : badge('by tag', 'warn')}`;
}

const mostDigests = 5;

function digestsOf({ claim, digests, certainty }: ListedUse): Content {
  const shown = digests.slice(0, mostDigests).map((digest) => html`${digestLink({ ...claim, digest })} `);
  const rest = digests.length > mostDigests ? html`and ${digests.length - mostDigests} more ` : undefined;
  if (digests.length === 0) return html`<span class="quiet">not known</span>`;
  return html`${shown}${rest}${badge(certainty, certainty === 'exact' ? 'good' : 'warn')}`;
}
