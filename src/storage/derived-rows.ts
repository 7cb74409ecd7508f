import type { Difference } from '../audit/rebuild-repository.ts';
import type { Columns, Operation, StoredRow } from './row.ts';
import { storedColumns } from './scratch-table.ts';

/** A row that isn't as it was told, and what puts it right; `untold` needs no writing. */
export interface RowDifference extends Difference {
  readonly operation?: Operation;
}

/** Prefixes of the keys of rows that follow from records. Other rows of a repository are none of a rebuild's business. */
export const derivedPrefixes = [
  'D|',
  'E|',
  'T|',
  'a|',
  'c|',
  'h|',
  'i|',
  'k|',
  'l|',
  'm|',
  'o|',
  's|',
  't|',
  'v|',
  'w|',
] as const;

/** Columns of an audit record that follow from other records; the rest is the fact, which is never edited. */
const derivedColumns = ['kind', 'prev', 'replicaOf', 'locations', 'until', 'attribution'];

/** How a stored row and a told one of the same key differ, if they do. */
export function differenceOf(
  partitionKey: string,
  rowKey: string,
  stored: StoredRow | undefined,
  told: Columns | undefined,
): RowDifference | undefined {
  const isRecord = rowKey.startsWith('E|');
  if (stored === undefined) {
    if (told === undefined) return undefined;
    const row = { partitionKey, rowKey, columns: told };
    return { row: rowKey, is: 'missing', operation: { operation: 'insert', row } };
  }
  const over = stored.etag;
  if (told === undefined) {
    if (isRecord) return { row: rowKey, is: 'untold' };
    const operation = { operation: 'remove', row: { partitionKey, rowKey }, over } as const;
    return { row: rowKey, is: 'unfounded', operation };
  }
  const columns = isRecord ? withDerived(stored, told) : told;
  if (isSame(stored.columns, storedColumns(columns))) return undefined;
  const operation = { operation: 'replace', row: { partitionKey, rowKey, columns }, over } as const;
  return { row: rowKey, is: 'different', operation };
}

/** The stored fact with the told rest. */
function withDerived(stored: StoredRow, told: Columns): Columns {
  const derived = Object.fromEntries(derivedColumns.map((name) => [name, told[name]]));
  // Read back as text, a number has to be written as one.
  const size = stored.columns['size'] === undefined ? {} : { size: told['size'] };
  return { ...stored.columns, ...size, ...derived };
}

function isSame(a: StoredRow['columns'], b: StoredRow['columns']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * The key of the head that guards a row: its own, of a head and of what follows from statements, which nobody plans
 * from; `undefined` of an audit record, which needs none.
 */
function headKeyOf(rowKey: string): string | undefined {
  const [kind = '', name = ''] = rowKey.split('|');
  if (kind === 'E') return undefined;
  if (kind === 'T' || kind === 't') return `t|${name}`;
  return kind === 'D' || kind === 'm' ? `m|${name}` : rowKey;
}

/** Most rows of one transaction. */
const maxRows = 100;

/**
 * The operations that put rows right, in transactions. A tag's rows, and a manifest's, end with their head: if it isn't
 * written itself, it is merged with nothing over the ETag read, so that nobody commits what was planned from the rows as
 * they were, and nothing is written over what somebody did meanwhile. Audit records come last, as when they are made.
 */
export function correctionsOf(
  partitionKey: string,
  differences: readonly RowDifference[],
  headEtags: ReadonlyMap<string, string>,
): readonly (readonly Operation[])[] {
  const groups = Map.groupBy(
    differences.flatMap(({ operation }) => operation ?? []),
    ({ row }) => headKeyOf(row.rowKey),
  );
  const records = groups.get(undefined) ?? [];
  groups.delete(undefined);
  const transactions: Operation[][] = [];
  let current: Operation[] = [];
  const add = (operations: readonly Operation[]) => {
    if (current.length + operations.length > maxRows) {
      transactions.push(current);
      current = [];
    }
    current.push(...operations);
  };
  for (const [headKey, group] of groups) {
    if (headKey === undefined) continue;
    const whole = [
      ...group.filter(({ row }) => row.rowKey !== headKey),
      ...headOperation(partitionKey, headKey, group, headEtags),
    ];
    for (const piece of piecesOf(whole)) add(piece);
  }
  for (const piece of piecesOf(records)) add(piece);
  return current.length === 0 ? transactions : [...transactions, current];
}

function headOperation(
  partitionKey: string,
  headKey: string,
  group: readonly Operation[],
  headEtags: ReadonlyMap<string, string>,
): readonly Operation[] {
  const own = group.find(({ row }) => row.rowKey === headKey);
  const over = headEtags.get(headKey);
  if (own !== undefined) return [own];
  return over === undefined
    ? []
    : [{ operation: 'merge', row: { partitionKey, rowKey: headKey, columns: {} }, over }];
}

function piecesOf(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const count = Math.ceil(operations.length / maxRows);
  return Array.from({ length: count }, (_, index) =>
    operations.slice(index * maxRows, (index + 1) * maxRows),
  );
}
