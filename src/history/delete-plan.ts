import type { Change } from './change.ts';
import { type DigestRetelling, retellDigest } from './digest-retelling.ts';
import { type Entry, endingBy } from './entry.ts';
import type { Fact } from './fact.ts';
import type { Edge, ManifestHead, TagHead, Versioned } from './head.ts';
import { isAfter, isSameInstant } from './instant.ts';
import { guards, retoldRecords } from './push-plan.ts';
import { retellTag, type TagLookback } from './tag-retelling.ts';

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
  manifestHead: Versioned<ManifestHead> | undefined,
  digestLookback: readonly Entry[] | undefined,
  edges: readonly Versioned<Edge>[],
  isPartlyTold: boolean,
): DeletionScope {
  const digest = retellDigest(deletion, manifestHead, digestLookback, [], isPartlyTold);
  const earliest = digest.changedDeletions[0];
  if (earliest === undefined) return { digest, ending: [], toRetell: [] };
  const concerned = edges.filter(
    ({ value }) => value.until === undefined || value.until.time >= earliest.time,
  );
  const isOnlyChange =
    digest.changedDeletions.length === 1 &&
    isSameInstant(earliest, deletion.at) &&
    digestLookback === undefined;
  const endsSimply = ({ value }: Versioned<Edge>) =>
    isOnlyChange && value.until === undefined && isAfter(deletion.at, value.lastPush);
  return {
    digest,
    ending: concerned.filter(endsSimply),
    toRetell: concerned.filter((edge) => !endsSimply(edge)),
  };
}

/** A tag to retell, as read. */
export interface TagReading {
  readonly tag: string;
  readonly head?: Versioned<TagHead>;
  readonly lookback: TagLookback;
}

/** Plans how a deletion is recorded; `tags` holds a reading of each tag to retell. */
export function planDeletion(
  deletion: Fact,
  scope: DeletionScope,
  tags: readonly TagReading[],
  otherManifests: readonly Versioned<ManifestHead>[],
  isPartlyTold: boolean,
): { readonly entry: Entry; readonly changes: readonly Change[] } {
  const { digest } = scope;
  const earliest = digest.changedDeletions[0]?.time ?? deletion.at.time;
  const retold = tags.map(({ tag, head, lookback }) =>
    retellTag({ tag, time: earliest, head, lookback, isPartlyTold }),
  );
  const told = retold.flatMap((one) => one.told);
  const removed = retold.flatMap((one) => one.removed);
  return {
    entry: digest.entry,
    changes: [
      ...guards([...told, ...removed], deletion, otherManifests),
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
