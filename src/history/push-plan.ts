import type { Change } from './change.ts';
import { type DigestRetelling, retellDigest } from './digest-retelling.ts';
import type { Entry } from './entry.ts';
import type { Fact } from './fact.ts';
import type { ManifestHead, TagHead, Versioned } from './head.ts';
import { isSameInstant } from './instant.ts';
import { guards, retellTags, retoldRecords, type TagReading, toldOfDigest } from './retold-tags.ts';
import { retellTag, type TagLookback, type TagRetelling, tellNextPush } from './tag-retelling.ts';

/** What was read before a push is recorded; a lookback only where the push isn't the next by the head. */
export interface PushReading {
  readonly tagHead?: Versioned<TagHead>;
  readonly tagLookback?: TagLookback;
  readonly manifestHead?: Versioned<ManifestHead>;
  /** All the manifest's entries, in order. */
  readonly digestLookback?: readonly Entry[];
  /** Heads of other manifests in the tags' lookbacks: what is told of them must still hold at the commit. */
  readonly otherManifests?: readonly Versioned<ManifestHead>[];
  /** What deletions concern that are told otherwise because of the push; the lookbacks are read with them. */
  readonly changedDeletions?: ChangedDeletions;
  /** Whether it may have been told in part before: what the rows say of it and of what follows is then told anew. */
  readonly isPartlyTold: boolean;
}

/** Which tags have to be told again beside the push's own, and since when, in epoch milliseconds. */
export interface ChangedDeletions {
  readonly since: number;
  readonly otherTags: readonly TagReading[];
}

/** A push as told, and every write that records it. */
export interface PushPlan {
  readonly entry: Entry;
  readonly changes: readonly Change[];
  /** What it means to its manifest: deletions that it changes may concern tags that were not read. */
  readonly digest: DigestRetelling;
}

/** Plans how a push is recorded, from what was read; pure, so that a lost race is planned again from a new reading. */
export function planPush(push: Fact, reading: PushReading): PushPlan {
  const { manifestHead, digestLookback, otherManifests = [], changedDeletions, isPartlyTold } = reading;
  const { since, otherTags } = changedDeletions ?? { since: push.at.time, otherTags: [] };
  const retold = [...ownTag(push, since, reading), ...retellTags(otherTags, since, isPartlyTold)];
  const told = toldOfDigest(retold, push);
  const digest = retellDigest(push, manifestHead, digestLookback, told, isPartlyTold);
  const others = retold.flatMap((tag) => tag.told).filter(({ fact }) => !isSameInstant(fact.at, push.at));
  return {
    entry: digest.entry,
    digest,
    changes: [
      ...guards(retold, push, otherManifests),
      ...retold.flatMap(({ changes }) => changes),
      ...retoldRecords(others),
      ...digest.changes,
      { write: 'record', entry: digest.entry, isNew: true },
    ],
  };
}

function ownTag(push: Fact, since: number, reading: PushReading): readonly TagRetelling[] {
  if (push.tag === undefined) return [];
  const { tagHead: head, tagLookback: lookback, isPartlyTold } = reading;
  if (lookback === undefined) return [tellNextPush(push, push.tag, head)];
  return [retellTag({ tag: push.tag, time: since, head, lookback, added: push, isPartlyTold })];
}
