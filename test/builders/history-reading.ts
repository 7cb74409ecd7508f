import type { Entry } from '../../src/history/entry.ts';
import type { AuditRecord, RepositoryId } from '../../src/history/fact.ts';
import type { Edge, ManifestHead, TagHead } from '../../src/history/head.ts';
import { readLeaf } from '../../src/ledger/recorded-leaf.ts';
import { readEntryRow } from '../../src/storage/entry-codec.ts';
import { readEdge, readManifestHead, readTagHead } from '../../src/storage/head-codec.ts';
import { announcedPartition, repositoryKey } from '../../src/storage/keys.ts';
import { rowsOf, type StoredRow, type Table } from '../../src/storage/row.ts';
import type { History } from './history-oracle.ts';

/** Reads every row of a partition. */
async function partitionRows(table: Table, partitionKey: string): Promise<readonly StoredRow[]> {
  return Array.fromAsync(rowsOf(table, { partitionKey, from: ' ', before: '~' }));
}

/** Statements, what follows from them, and when comparisons were made: no part of a timeline. */
const statementRow = /^[Sahkoclisvwr]\|/;

/** A repository's history as its rows tell it. Throws when there is a row that belongs to nothing. */
export async function historyIn(repositories: Table, repository: RepositoryId): Promise<History> {
  const all = await partitionRows(repositories, repositoryKey(repository));
  const rows = all.filter(({ rowKey }) => !statementRow.test(rowKey));
  const heads = headsOf(rows);
  // Row keys are newest first; histories are told from the beginning.
  const oldestFirst = rows.toReversed();
  const under = (prefix: string): readonly Entry[] =>
    oldestFirst.filter(({ rowKey }) => rowKey.startsWith(prefix)).map(readEntryRow);
  const history: History = {
    records: under('E|'),
    tags: Object.fromEntries(
      heads.tags.map((head) => [head.tag, { entries: under(`T|${head.tag}|`), head }]),
    ),
    digests: Object.fromEntries(
      heads.manifests.map((head) => [head.digest, { entries: under(`D|${head.digest}|`), head }]),
    ),
    edges: heads.edges,
  };
  const read = rowCount(history);
  if (read !== rows.length) throw new Error(`${rows.length - read} rows belong to no tag or digest`);
  return history;
}

/** How many rows a history is kept in. */
function rowCount({ records, tags, digests, edges }: History): number {
  const timelines = [...Object.values(tags), ...Object.values(digests)];
  const entries = timelines.reduce((sum, timeline) => sum + timeline.entries.length, 0);
  return records.length + entries + timelines.length + edges.length;
}

function headsOf(rows: readonly StoredRow[]) {
  const tags: TagHead[] = [];
  const manifests: ManifestHead[] = [];
  const edges: Edge[] = [];
  for (const row of rows) {
    if (row.rowKey.startsWith('t|')) tags.push(readTagHead(row));
    if (/^m\|[^|]+$/.test(row.rowKey)) manifests.push(readManifestHead(row));
    if (/^m\|[^|]+\|/.test(row.rowKey)) edges.push(readEdge(row));
  }
  return { tags, manifests, edges };
}

/** The records announced for a registry's ledger. Throws when a row cannot be read. */
export async function announcedIn(log: Table, registry: string): Promise<readonly AuditRecord[]> {
  const rows = await partitionRows(log, announcedPartition(registry));
  const facts = rows.filter(({ rowKey }) => !rowKey.startsWith('~'));
  return facts.map(({ rowKey, columns }) => {
    const record = readLeaf(String(columns['leaf']));
    if (record === undefined) throw new Error(`not a leaf: ${rowKey}`);
    return record;
  });
}
