import { html } from 'hono/html';
import type { PlacedEntry } from '../audit/history-pages.ts';
import type { AuditRecord, Fact, RepositoryId } from '../history/fact.ts';
import type { Content, Html } from './html.ts';
import { outside } from './outside-text.ts';
import { badge, digestLink, repositoryLink, shownTime, tagLink } from './shown.ts';
import { type Column, table } from './table.ts';

/** Something that happened, and what it is called. */
interface Change extends RepositoryId {
  readonly fact: Fact;
  readonly what: string;
  readonly tag?: string;
}

/** Entries of a history, each called by what it changed. */
export function changesOf(entries: readonly PlacedEntry[]): readonly Change[] {
  return entries.map(({ registry, repository, entry, tag }) => {
    return {
      registry,
      repository,
      fact: entry.fact,
      what: entry.kind,
      ...(tag === undefined ? {} : { tag }),
    };
  });
}

const actions = { push: 'pushed', delete: 'deleted', untag: 'untagged' } as const;

/** Records, each called by what was done: what it changed is not known. */
export function doneIn(records: readonly AuditRecord[]): readonly Change[] {
  return records.map(({ registry, repository, fact }) => {
    const { action, tag } = fact;
    return { registry, repository, fact, what: actions[action], ...(tag === undefined ? {} : { tag }) };
  });
}

/** Which columns are no news where the changes are listed. */
interface ChangeTable {
  readonly caption: string;
  readonly changes: readonly Change[];
  readonly of: 'registry' | 'repository' | 'tag' | 'digest';
  readonly empty: Content;
  readonly csv: string;
  readonly next?: string | undefined;
}

/** Changes, newest first: what, when, by whom. */
export function changeTable({ caption, changes, of, empty, csv, next }: ChangeTable): Html {
  const columns: readonly Column<Change>[] = [
    { head: 'When', cell: whenOf },
    { head: 'What', cell: ({ what }) => changeBadge(what) },
    ...(of === 'registry' ? [{ head: 'Repository', cell: repositoryLink }] : []),
    ...(of === 'tag' ? [] : [{ head: 'Tag', cell: tagOf }]),
    ...(of === 'digest'
      ? []
      : [
          {
            head: 'Digest',
            cell: ({ fact, ...id }: Change) => digestLink({ ...id, digest: fact.digest }),
          },
        ]),
    { head: 'By', cell: whoOf },
    { head: 'Known from', cell: ({ fact }) => fact.source },
  ];
  return table({ caption, columns, items: changes, empty, csv, next });
}

/** What happened, as a word. */
function changeBadge(kind: string): Html {
  const tone = kind === 'deleted' || kind === 'untagged' ? 'bad' : kind === 'moved' ? 'warn' : 'plain';
  return badge(kind, tone);
}

function whenOf({ fact }: Change): Content {
  const at = shownTime(fact.at.time);
  return fact.notBefore === undefined ? at : html`${shownTime(fact.notBefore)} to ${at}`;
}

function tagOf({ tag, ...id }: Change): Content {
  return tag === undefined ? html`<span class="quiet">none</span>` : tagLink({ ...id, tag });
}

/** Who did it: by the registry's log where that says so, else as the client called itself. */
function whoOf({ fact }: Change): Content {
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
