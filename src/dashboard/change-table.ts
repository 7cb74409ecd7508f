import { html } from 'hono/html';
import type { PlacedEntry } from '../audit/history-pages.ts';
import type { Content, Html } from './html.ts';
import { outside } from './outside-text.ts';
import { badge, digestLink, repositoryLink, shownTime, tagLink } from './shown.ts';
import { type Column, table } from './table.ts';

/** Which columns are no news where the entries are listed. */
interface ChangeTable {
  readonly caption: string;
  readonly entries: readonly PlacedEntry[];
  readonly of: 'registry' | 'repository' | 'tag' | 'digest';
  readonly empty: Content;
  readonly csv: string;
  readonly next?: string | undefined;
}

/** Changes, newest first: what, when, by whom. */
export function changeTable({ caption, entries, of, empty, csv, next }: ChangeTable): Html {
  const columns: readonly Column<PlacedEntry>[] = [
    { head: 'When', cell: whenOf },
    { head: 'What', cell: ({ entry }) => changeBadge(entry.kind) },
    ...(of === 'registry' ? [{ head: 'Repository', cell: repositoryLink }] : []),
    ...(of === 'tag' ? [] : [{ head: 'Tag', cell: tagOf }]),
    ...(of === 'digest'
      ? []
      : [
          {
            head: 'Digest',
            cell: ({ entry, ...id }: PlacedEntry) => digestLink({ ...id, digest: entry.fact.digest }),
          },
        ]),
    { head: 'By', cell: whoOf },
    { head: 'Known from', cell: ({ entry }) => entry.fact.source },
  ];
  return table({ caption, columns, items: entries, empty, csv, next });
}

/** What happened, as a word. */
function changeBadge(kind: string): Html {
  const tone = kind === 'deleted' || kind === 'untagged' ? 'bad' : kind === 'moved' ? 'warn' : 'plain';
  return badge(kind, tone);
}

function whenOf({ entry: { fact } }: PlacedEntry): Content {
  const at = shownTime(fact.at.time);
  return fact.notBefore === undefined ? at : html`${shownTime(fact.notBefore)} to ${at}`;
}

function tagOf({ tag, ...id }: PlacedEntry): Content {
  return tag === undefined ? html`<span class="quiet">none</span>` : tagLink({ ...id, tag });
}

/** Who did it: by the registry's log where that says so, else as the client called itself. */
function whoOf({ entry: { fact } }: PlacedEntry): Content {
  const { client, attribution } = fact;
  const logged = attribution?.identity;
  const told = [client.actor, client.userAgent, client.address].filter(
    (text) => text !== undefined && text !== '',
  );
  if (logged !== undefined) {
    return html`${outside(logged)} <span class="quiet">(by the registry's log, ${attribution?.certainty ?? ''})</span>`;
  }
  return told.length === 0
    ? html`<span class="quiet">not told</span>`
    : told.map((text, place) => html`${place === 0 ? '' : ', '}${outside(text ?? '')}`);
}
