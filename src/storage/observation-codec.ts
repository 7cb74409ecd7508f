import type { ManifestDescription } from '../history/observation.ts';
import { parseDigest } from '../registry/digest.ts';
import type { LockState } from '../registry/lock-state.ts';
import type { ManifestChild } from '../registry/manifest.ts';
import { corrupt, countIn, optional, textOf } from './entry-codec.ts';
import type { Columns, StoredRow } from './row.ts';

/** The columns of what a manifest is. */
export function descriptionColumns({ digest: _, ...description }: ManifestDescription): Columns {
  return { ...description };
}

/** Reads what a manifest is; throws a permanent AuditFault when the row isn't that. */
export function readDescription(row: StoredRow): ManifestDescription {
  const digest = parseDigest(row.rowKey.split('|')[1] ?? '');
  if (digest === undefined) throw corrupt(row);
  const [size, children] = [countIn(row, 'size'), countIn(row, 'children')];
  return {
    digest,
    ...optional('mediaType', textOf(row, 'mediaType')),
    ...optional('size', size),
    ...optional('architecture', textOf(row, 'architecture')),
    ...optional('os', textOf(row, 'os')),
    ...optional('artifactType', textOf(row, 'artifactType')),
    ...optional('subject', parseDigest(textOf(row, 'subject') ?? '')),
    ...optional('children', children),
    ...optional('unreadable', textOf(row, 'unreadable')),
  };
}

/** The columns of a child of an index; its digest is in the key. */
export function childColumns({ mediaType, size, platform }: ManifestChild): Columns {
  return { mediaType, size, ...platform };
}

/** Reads a child of an index; throws a permanent AuditFault when the row isn't that. */
export function readChild(row: StoredRow): ManifestChild {
  const digest = parseDigest(row.rowKey.split('|')[2] ?? '');
  if (digest === undefined) throw corrupt(row);
  const platform = {
    ...optional('os', textOf(row, 'os')),
    ...optional('architecture', textOf(row, 'architecture')),
    ...optional('variant', textOf(row, 'variant')),
  };
  return {
    digest,
    ...optional('mediaType', textOf(row, 'mediaType')),
    ...optional('size', countIn(row, 'size')),
    ...optional('platform', Object.keys(platform).length === 0 ? undefined : platform),
  };
}

/** The columns of what a tag or manifest allows. */
export function locksColumns(locks: LockState): Columns {
  return { ...locks };
}

/** Reads what a tag or manifest allows; throws a permanent AuditFault when the row isn't that. */
export function readLocks(row: StoredRow): LockState {
  const flag = (name: keyof LockState) => {
    const value = row.columns[name];
    if (typeof value !== 'boolean') throw corrupt(row);
    return value;
  };
  return {
    canDelete: flag('canDelete'),
    canWrite: flag('canWrite'),
    canRead: flag('canRead'),
    canList: flag('canList'),
  };
}
