import type { StateReader, StoredState } from '../audit/ports.ts';
import type { JsonContent } from '../history/statement.ts';
import { corrupt, jsonIn, readInstant, textOf } from './entry-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import { rowsOf, type StoredRow, type Table } from './row.ts';

/** Reads states from the `repositories` table. */
export function stateReader(repositories: Table): StateReader {
  return {
    async state(repository, key) {
      const row = await repositories.get(repositoryKey(repository), key);
      return row && readState(row);
    },
    async *states(repository, prefix) {
      const range = { partitionKey: repositoryKey(repository), ...keysUnder(prefix) };
      for await (const row of rowsOf(repositories, range)) yield readState(row);
    },
  };
}

/** Reads a state; throws a permanent AuditFault when the row isn't one. */
export function readState(row: StoredRow): StoredState {
  const content: unknown = jsonIn(row, 'content');
  const at = readInstant(textOf(row, 'at'));
  if (!isContent(content) || at === undefined) throw corrupt(row);
  return { key: row.rowKey, content, at, version: row.etag };
}

/** What JSON.parse gives of an object is an object of JSON values. */
function isContent(value: unknown): value is JsonContent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
