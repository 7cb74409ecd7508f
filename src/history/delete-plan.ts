import type { Change } from './change.ts';
import { type DigestRetelling, retellDigest } from './digest-retelling.ts';
import { type Entry, endingBy } from './entry.ts';
import type { Fact } from './fact.ts';
import type { Edge, ManifestHead, Versioned } from './head.ts';
import { isAfter, isSameInstant } from './instant.ts';
import {
  edgesSince,
  guards,
  retellTags,
  retoldRecords,
  type TagReading,
  toldOfDigest,
} from './retold-tags.ts';

/** What was read of a manifest before its deletion is recorded. */
export interface DeletionReading {
  readonly manifestHead?: Versioned<ManifestHead>;
  /** All its entries, in order; absent when the deletion is the next by the head and no tag has to be told again. */
  readonly digestLookback?: readonly Entry[];
  /** Whether it may have been told in part before: what the rows say of it and of what follows is then told anew. */
  readonly isPartlyTold: boolean;
}

/** What a deletion means to the tags that point, or pointed, to its manifest. */
export interface DeletionScope {
  readonly digest: DigestRetelling;
  /** Tags that pointed to it and end with it. */
  readonly ending: readonly Versioned<Edge>[];
  /** Tags whose story has to be read to know. */
  readonly toRetell: readonly Versioned<Edge>[];
}

/** Sorts the tags of a deleted manifest, from its head (or, out of order, all its entries) and edges. */
export function scopeDeletion(
  deletion: Fact,
  reading: DeletionReading,
  edges: readonly Versioned<Edge>[],
): DeletionScope {
  const digest = digestOf(deletion, reading, []);
  const earliest = digest.changedDeletions[0];
  if (earliest === undefined) return { digest, ending: [], toRetell: [] };
  const concerned = edgesSince(edges, earliest.time);
  const isOnlyChange =
    digest.changedDeletions.length === 1 &&
    isSameInstant(earliest, deletion.at) &&
    reading.digestLookback === undefined;
  const endsSimply = ({ value }: Versioned<Edge>) =>
    isOnlyChange && value.until === undefined && isAfter(deletion.at, value.lastPush);
  return {
    digest,
    ending: concerned.filter(endsSimply),
    toRetell: concerned.filter((edge) => !endsSimply(edge)),
  };
}

function digestOf(deletion: Fact, reading: DeletionReading, told: readonly Entry[]): DigestRetelling {
  return retellDigest(deletion, reading.manifestHead, reading.digestLookback, told, reading.isPartlyTold);
}

/** Plans how a deletion is recorded; `tags` holds a reading of each tag to retell. */
export function planDeletion(
  deletion: Fact,
  reading: DeletionReading,
  scope: DeletionScope,
  tags: readonly TagReading[],
  otherManifests: readonly Versioned<ManifestHead>[],
): { readonly entry: Entry; readonly changes: readonly Change[] } {
  const earliest = scope.digest.changedDeletions[0]?.time ?? deletion.at.time;
  const retold = retellTags(tags, earliest, reading.isPartlyTold);
  const told = toldOfDigest(retold, deletion);
  // A push that was found may turn out to be another than an event told, now that the manifest was deleted in between.
  const digest = told.length === 0 ? scope.digest : digestOf(deletion, reading, told);
  return {
    entry: digest.entry,
    changes: [
      ...guards(retold, deletion, otherManifests),
      ...scope.ending.flatMap((edge) => ending(deletion, digest.entry, edge)),
      ...retold.flatMap((one) => [...one.changes, ...retoldRecords(one.told)]),
      ...digest.changes,
      { write: 'record', entry: digest.entry, isNew: true },
    ],
  };
}

function ending(deletion: Fact, entry: Entry, { value: edge, version }: Versioned<Edge>): readonly Change[] {
  const { tag, stretch } = edge;
  return [
    { write: 'tag-entry', tag, entry },
    { write: 'tag-entry-end', tag, at: stretch, until: endingBy(deletion) },
    { write: 'tag-head-end', tag, endedAt: deletion.at },
    { write: 'edge', edge: { ...edge, until: deletion.at }, over: version },
  ];
}
