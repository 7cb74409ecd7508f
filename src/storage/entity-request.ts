import { entityJson, entityPath } from './odata.ts';
import type { Operation } from './row.ts';

/** How Table Storage is asked for one operation, by itself or as a part of a transaction. `path` is inside the account. */
export interface EntityRequest {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The request of an operation. What replaces or merges over nothing in particular inserts where nothing is.
 * Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-entities
 */
export function entityRequest(table: string, operation: Operation): EntityRequest {
  const { partitionKey, rowKey } = operation.row;
  const path = entityPath(table, partitionKey, rowKey);
  switch (operation.operation) {
    case 'insert':
      return { method: 'POST', path: table, ...written(operation) };
    case 'replace':
      return { method: 'PUT', path, ...written(operation, operation.over) };
    case 'merge':
      return { method: 'PATCH', path, ...written(operation, operation.over) };
    case 'remove':
      return { method: 'DELETE', path, headers: { ...always, 'If-Match': operation.over ?? '*' } };
  }
}

const always = {
  Accept: 'application/json;odata=minimalmetadata',
  DataServiceVersion: '3.0',
  Prefer: 'return-no-content',
};

function written({ row }: Exclude<Operation, { operation: 'remove' }>, over?: string) {
  const headers: Readonly<Record<string, string>> = {
    ...always,
    'Content-Type': 'application/json',
    ...(over === undefined ? {} : { 'If-Match': over }),
  };
  return { headers, body: entityJson(row.partitionKey, row.rowKey, row.columns) };
}
