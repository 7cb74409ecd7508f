import type { Columns, ColumnValue, StoredRow } from './row.ts';

/** An entity as Table Storage takes it: JSON with type annotations where JSON's own types do not say enough. */
export function entityJson(partitionKey: string, rowKey: string, columns: Columns): string {
  const entity: Record<string, unknown> = { PartitionKey: partitionKey, RowKey: rowKey };
  for (const [name, value] of Object.entries(columns)) {
    if (value !== undefined) annotate(entity, name, value);
  }
  // ASCII only: the parts of a batch have no character set of their own.
  return JSON.stringify(entity).replace(/[\u007f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Into the entity itself, without an object for each column: every row that is written comes by. */
function annotate(entity: Record<string, unknown>, name: string, value: ColumnValue): void {
  if (typeof value === 'number') {
    entity[`${name}@odata.type`] = 'Edm.Int64';
    entity[name] = Math.trunc(value).toString();
  } else if (value instanceof Uint8Array) {
    entity[`${name}@odata.type`] = 'Edm.Binary';
    entity[name] = Buffer.from(value).toString('base64');
  } else entity[name] = value;
}

/** Reads an entity of an answer, or `undefined` when it isn't one. */
export function readEntity(entity: unknown, etag?: string): StoredRow | undefined {
  if (typeof entity !== 'object' || entity === null) return undefined;
  const columns: Record<string, string | boolean> = {};
  let ownEtag = etag;
  for (const [name, value] of Object.entries(entity)) {
    if (name === 'odata.etag' && typeof value === 'string') ownEtag ??= value;
    if (name.includes('odata.') || name === 'Timestamp') continue;
    if (typeof value === 'string' || typeof value === 'boolean') columns[name] = value;
    if (typeof value === 'number') columns[name] = String(value);
  }
  const { PartitionKey: partitionKey, RowKey: rowKey, ...others } = columns;
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string') return undefined;
  return { partitionKey, rowKey, etag: ownEtag ?? '', columns: others };
}

/** A key, or any text, as a literal of an OData filter. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The path of an entity inside its account, percent-encoded. */
export function entityPath(table: string, partitionKey: string, rowKey: string): string {
  const keys = `PartitionKey=${encodeURIComponent(literal(partitionKey))},RowKey=${encodeURIComponent(literal(rowKey))}`;
  return `${table}(${keys})`;
}
