import type { HistoryReader, HistoryWriter } from '../audit/ports.ts';
import type { Change } from '../history/change.ts';
import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import { entryColumns, instantText, readEntryRow } from './entry-codec.ts';
import {
  edgeColumns,
  manifestHeadColumns,
  readEdge,
  readManifestHead,
  readTagHead,
  tagHeadColumns,
} from './head-codec.ts';
import {
  digestEntryKey,
  digestPlaceKey,
  edgeKey,
  keysUnder,
  manifestHeadKey,
  recordKey,
  repositoryKey,
  tagEntryKey,
  tagHeadKey,
} from './keys.ts';
import { type Columns, type Operation, rowsOf, type StoredRow, type Table } from './row.ts';

/** Most rows of one transaction: https://learn.microsoft.com/azure/storage/tables/scalability-targets. */
const maxTransactionRows = 100;

/** Reads history from the `repositories` table. */
export function historyReader(repositories: Table): HistoryReader {
  async function* entriesUnder(repository: RepositoryId, prefix: string): AsyncGenerator<Entry> {
    const range = { partitionKey: repositoryKey(repository), ...keysUnder(prefix) };
    for await (const row of rowsOf(repositories, range, 100)) yield readEntryRow(row);
  }

  return {
    async heads(repository, digest, tag) {
      const partition = repositoryKey(repository);
      const [tagRow, manifestRow] = await Promise.all([
        tag === undefined ? undefined : repositories.get(partition, tagHeadKey(tag)),
        repositories.get(partition, manifestHeadKey(digest)),
      ]);
      return {
        ...(tagRow && { tag: versioned(tagRow, readTagHead) }),
        ...(manifestRow && { manifest: versioned(manifestRow, readManifestHead) }),
      };
    },
    async manifest(repository, digest) {
      const headKey = manifestHeadKey(digest);
      const range = { partitionKey: repositoryKey(repository), from: headKey, before: `${headKey}|~` };
      const rows = await Array.fromAsync(rowsOf(repositories, range));
      const headRow = rows.find(({ rowKey }) => rowKey === headKey);
      return {
        ...(headRow && { head: versioned(headRow, readManifestHead) }),
        edges: rows.filter((row) => row !== headRow).map((row) => versioned(row, readEdge)),
      };
    },
    tagEntries: (repository, tag) => entriesUnder(repository, `T|${tag}|`),
    digestEntries: (repository, digest) => entriesUnder(repository, `D|${digest}|`),
    async record(repository, at) {
      const row = await repositories.get(repositoryKey(repository), recordKey(at));
      return row && readEntryRow(row);
    },
  };
}

function versioned<T>(row: StoredRow, read: (row: StoredRow) => T): { value: T; version: string } {
  return { value: read(row), version: row.etag };
}

/** Writes history to the `repositories` and `digests` tables. */
export function historyWriter(repositories: Table, digests: Table): HistoryWriter {
  return {
    async commit(repository, changes) {
      const partition = repositoryKey(repository);
      for (const transaction of transactionsOf(changes)) {
        const operations = transaction.map((change) => operationOf(partition, change));
        const outcome = await repositories.transact(operations);
        if (outcome === 'conflict') return outcome;
      }
      return 'committed';
    },
    async noteDigest(repository, digest) {
      await digests.put({ partitionKey: digest, rowKey: digestPlaceKey(repository), columns: {} });
    },
  };
}

/**
 * The changes cut into transactions, in order. A tag's changes stay together as long as they fit in one: whatever was
 * cut off, a tag's head, timeline, records and edges say the same.
 */
function transactionsOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const transactions: Change[][] = [];
  let current: Change[] = [];
  for (const group of groupsOf(changes)) {
    for (let start = 0; start < group.length; start += maxTransactionRows) {
      const piece = group.slice(start, start + maxTransactionRows);
      if (current.length + piece.length > maxTransactionRows) {
        transactions.push(current);
        current = [];
      }
      current.push(...piece);
    }
  }
  return current.length === 0 ? transactions : [...transactions, current];
}

function groupsOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups: Change[][] = [];
  let last: string | undefined;
  for (const change of changes) {
    const name = groupOf(change) ?? last;
    const group = groups.at(-1);
    if (group === undefined || name !== last) groups.push([change]);
    else group.push(change);
    last = name;
  }
  return groups;
}

/** The tag that a change concerns, or else the record; `undefined`: it belongs to the changes before it. */
function groupOf(change: Change): string | undefined {
  switch (change.write) {
    case 'record':
    case 'digest-entry':
      return change.entry.fact.tag ?? recordKey(change.entry.fact.at);
    case 'tag-head':
      return change.head.tag;
    case 'edge':
      return change.edge.tag;
    case 'manifest-head':
    case 'manifest-guard':
      return undefined;
    default:
      return change.tag;
  }
}

function operationOf(partitionKey: string, change: Change): Operation {
  const row = (rowKey: string, columns: Columns = {}) => ({ partitionKey, rowKey, columns });
  switch (change.write) {
    case 'record': {
      const { until: _, ...entry } = change.entry;
      const record = row(recordKey(entry.fact.at), entryColumns(entry));
      return { operation: change.isNew ? 'insert' : 'replace', row: record };
    }
    case 'tag-entry': {
      const { tag, entry } = change;
      return { operation: 'replace', row: row(tagEntryKey(tag, entry.fact.at), entryColumns(entry)) };
    }
    case 'tag-entry-end': {
      const key = tagEntryKey(change.tag, change.at);
      return { operation: 'merge', row: row(key, { until: instantText(change.until) }) };
    }
    case 'tag-entry-removal':
      return { operation: 'remove', row: row(tagEntryKey(change.tag, change.at)) };
    case 'digest-entry': {
      const { until: _, ...entry } = change.entry;
      const key = digestEntryKey(entry.fact.digest, entry.fact.at);
      return { operation: 'replace', row: row(key, entryColumns(entry)) };
    }
    case 'tag-head':
      return guarded(row(tagHeadKey(change.head.tag), tagHeadColumns(change.head)), change.over);
    case 'tag-head-end': {
      const ended = { endedAt: instantText(change.endedAt) };
      return { operation: 'merge', row: row(tagHeadKey(change.tag), ended) };
    }
    case 'manifest-head':
      return guarded(row(manifestHeadKey(change.head.digest), manifestHeadColumns(change.head)), change.over);
    case 'manifest-guard':
      return { operation: 'merge', row: row(manifestHeadKey(change.digest)), over: change.over };
    case 'edge': {
      const edge = row(edgeKey(change.edge.digest, change.edge.tag), edgeColumns(change.edge));
      return { operation: 'replace', row: edge, ...(change.over === undefined ? {} : { over: change.over }) };
    }
  }
}

function guarded(row: Operation['row'] & { columns: Columns }, over: string): Operation {
  return over === 'absent' ? { operation: 'insert', row } : { operation: 'replace', row, over };
}
