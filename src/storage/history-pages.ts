import type { HistoryPages, HistoryScope, HistorySpan, PlacedEntry } from '../audit/history-pages.ts';
import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import { readEntryRow } from './entry-codec.ts';
import { readTagHead } from './head-codec.ts';
import { announcedPartition, instantOf, keysUnder, recordKey, repositoryKey, tagHeadKey } from './keys.ts';
import { fullPage, rowsOf, type StoredRow, type Table } from './row.ts';

/** Repositories read at once for one page: enough to hide the round trips, bounded for a registry of thousands. */
const mostAtOnce = 32;

/** Reads histories from the `repositories` table, and a whole registry's by way of the `log` table. */
export function historyPages(repositories: Table, log: Table): HistoryPages {
  return {
    page: (span, limit) =>
      span.scope.repository === undefined
        ? registryPage(repositories, log, span, limit)
        : repositoryPage(repositories, { ...span.scope, repository: span.scope.repository }, span, limit),

    async entryAsOf(repository, tag, time) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder(`T|${tag}|`, { notAfter: time }),
        // A push of what the tag points to already, and a replica's copy, begin nothing.
        filter: "kind ne 'unchanged'",
      };
      const { rows } = await fullPage(repositories, range, 1);
      return rows[0] && readEntryRow(rows[0]);
    },

    async tagHead(repository, tag) {
      const row = await repositories.get(repositoryKey(repository), tagHeadKey(tag));
      return row && readTagHead(row);
    },
  };
}

function prefixOf({ tag, digest }: HistoryScope): string {
  if (tag !== undefined) return `T|${tag}|`;
  return digest === undefined ? 'E|' : `D|${digest}|`;
}

function spanKeys(span: HistorySpan, prefix: string) {
  const { from, to, after } = span;
  return keysUnder(prefix, {
    ...(to === undefined ? {} : { notAfter: to }),
    ...(from === undefined ? {} : { notBefore: from }),
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
  });
}

async function repositoryPage(
  repositories: Table,
  scope: HistoryScope & RepositoryId,
  span: HistorySpan,
  limit: number,
) {
  const prefix = prefixOf(scope);
  const { registry, repository, tag, digest } = scope;
  const range = {
    partitionKey: repositoryKey(scope),
    ...spanKeys(span, prefix),
    ...(tag !== undefined && digest !== undefined ? { filter: `digest eq '${digest}'` } : {}),
  };
  const page = await fullPage(repositories, range, limit);
  const entries = page.rows.map((row): PlacedEntry => {
    const entry = readEntryRow(row);
    const ofTag = tag ?? entry.fact.tag;
    const position = row.rowKey.slice(prefix.length);
    return { registry, repository, entry, position, ...(ofTag === undefined ? {} : { tag: ofTag }) };
  });
  return withNext(entries, page.next !== undefined, page.rows.at(-1)?.rowKey.slice(prefix.length));
}

/** A whole registry's history: the outbox lists its facts newest first, their repositories tell what they meant. */
async function registryPage(repositories: Table, log: Table, span: HistorySpan, limit: number) {
  const { registry } = span.scope;
  const range = { partitionKey: announcedPartition(registry), ...spanKeys(span, ''), select: [] };
  const page = await fullPage(log, range, limit);
  const places = page.rows.map(placeOf).filter((place) => place !== undefined);
  const byRepository = Map.groupBy(places, (place) => place.repository);
  const found: (readonly [string, Entry])[] = [];
  for (const some of inGroups([...byRepository], mostAtOnce)) {
    const entries = await Promise.all(
      some.map(([repository, places]) => recordsOf(repositories, { registry, repository }, places)),
    );
    found.push(...entries.flat());
  }
  const entryOf = new Map(found);
  const entries = places.flatMap(({ at, repository, position }): PlacedEntry[] => {
    // A record announced but not yet told: its delivery is under way, or will be repeated.
    const entry = entryOf.get(`${recordKey(at)}|${repository}`);
    if (entry === undefined) return [];
    const { tag } = entry.fact;
    return [{ registry, repository, entry, position, ...(tag === undefined ? {} : { tag }) }];
  });
  return withNext(entries, page.next !== undefined, page.rows.at(-1)?.rowKey);
}

type Place = NonNullable<ReturnType<typeof placeOf>>;

/** The records of a repository at, or between, some places, by record key and repository. */
async function recordsOf(
  repositories: Table,
  id: RepositoryId,
  places: readonly Place[],
): Promise<readonly (readonly [string, Entry])[]> {
  // Within a millisecond the outbox has an order of its own, where one id begins like another.
  const keys = places.map(({ at }) => recordKey(at)).sort();
  const range = { partitionKey: repositoryKey(id), from: keys[0] ?? '', before: `${keys.at(-1)} ` };
  const rows = await Array.fromAsync(rowsOf(repositories, range));
  return rows.map((row) => [`${row.rowKey}|${id.repository}`, readEntryRow(row)] as const);
}

function inGroups<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, group) =>
    all.slice(group * size, (group + 1) * size),
  );
}

function placeOf(row: StoredRow) {
  const parts = row.rowKey.split('|');
  const repository = parts.pop()?.replaceAll(':', '/');
  const at = instantOf(parts.join('|'));
  return at === undefined || !repository ? undefined : { at, repository, position: row.rowKey };
}

function withNext(entries: readonly PlacedEntry[], isMore: boolean, last: string | undefined) {
  return isMore && last !== undefined ? { entries, next: last } : { entries };
}
