import { AuditFault } from '../audit/fault.ts';
import { readEntity } from './odata.ts';
import type { StoredRow } from './row.ts';

/**
 * The row of an answer. @throws AuditFault `storage-unreadable`, to be tried again, where it is none: an answer that somebody
 * in between cut off or replaced must not pass for a row that is not there.
 */
export function readRow(text: string, table: string, etag?: string): StoredRow {
  const row = readEntity(parsed(text, table), etag);
  if (row === undefined) throw unreadable(table);
  return row;
}

/** The rows of a page. @throws AuditFault `storage-unreadable`, as {@link readRow}. */
export function readRows(text: string, table: string): readonly StoredRow[] {
  const body = parsed(text, table);
  if (typeof body !== 'object' || body === null || !('value' in body) || !Array.isArray(body.value)) {
    throw unreadable(table);
  }
  return body.value.map((value: unknown) => {
    const row = readEntity(value);
    if (row === undefined) throw unreadable(table);
    return row;
  });
}

/** The fault of an answer that is none of Table Storage. */
export function unreadable(table: string): AuditFault {
  return new AuditFault('storage-unreadable', `Table Storage answered for ${table} what cannot be read`, {
    retryable: true,
  });
}

function parsed(text: string, table: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(table);
  }
}
