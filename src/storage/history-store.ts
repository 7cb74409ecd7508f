import type { HistoryReader, HistoryWriter } from '../audit/ports.ts';
import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import { transactionsOf } from './change-operations.ts';
import { readEntryRow } from './entry-codec.ts';
import { readEdge, readManifestHead, readTagHead } from './head-codec.ts';
import {
  digestPlaceKey,
  keysUnder,
  manifestHeadKey,
  recordKey,
  repositoryKey,
  tagEntryKey,
  tagHeadKey,
} from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

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
    async tagEntry(repository, tag, at) {
      const row = await repositories.get(repositoryKey(repository), tagEntryKey(tag, at));
      return row && readEntryRow(row);
    },
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
      for (const operations of transactionsOf(partition, changes)) {
        const outcome = await repositories.transact(operations);
        if (outcome === 'conflict') return outcome;
      }
      return 'committed';
    },
    async noteDigest(repository, digest) {
      await digests.put({ partitionKey: digest, rowKey: digestPlaceKey(digest, repository), columns: {} });
    },
  };
}
