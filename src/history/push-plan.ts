import type { Change } from './change.ts';
import { retellDigest } from './digest-retelling.ts';
import type { Entry } from './entry.ts';
import type { Fact } from './fact.ts';
import type { ManifestHead, TagHead, Versioned } from './head.ts';
import { isSameInstant } from './instant.ts';
import { retellTag, type TagLookback, type TagRetelling, tellNextPush } from './tag-retelling.ts';

/** What was read before a push is recorded; a lookback only where the push isn't the next by the head. */
export interface PushReading {
  readonly tagHead?: Versioned<TagHead>;
  readonly tagLookback?: TagLookback;
  readonly manifestHead?: Versioned<ManifestHead>;
  /** All the manifest's entries, in order. */
  readonly digestLookback?: readonly Entry[];
  /** Heads of other manifests in the tag's lookback: what is told of them must still hold at the commit. */
  readonly otherManifests?: readonly Versioned<ManifestHead>[];
  /** Whether it may have been told in part before: what the rows say of it and of what follows is then told anew. */
  readonly isPartlyTold: boolean;
}

/** A push as told, and every write that records it. */
export interface PushPlan {
  readonly entry: Entry;
  readonly changes: readonly Change[];
}

/** Plans how a push is recorded, from what was read; pure, so that a lost race is planned again from a new reading. */
export function planPush(push: Fact, reading: PushReading): PushPlan {
  const tag = retellingOf(push, reading);
  const { manifestHead, digestLookback, isPartlyTold } = reading;
  const digest = retellDigest(push, manifestHead, digestLookback, ofDigest(push, tag), isPartlyTold);
  const others = (tag?.told ?? []).filter(({ fact }) => !isSameInstant(fact.at, push.at));
  return {
    entry: digest.entry,
    changes: [
      ...guards([...(tag?.told ?? []), ...(tag?.removed ?? [])], push, reading.otherManifests ?? []),
      ...(tag?.changes ?? []),
      ...retoldRecords(others),
      ...digest.changes,
      { write: 'record', entry: digest.entry, isNew: true },
    ],
  };
}

function retellingOf(push: Fact, reading: PushReading): TagRetelling | undefined {
  if (push.tag === undefined) return undefined;
  const { tag, at } = push;
  const { tagHead, tagLookback, isPartlyTold } = reading;
  return tagLookback === undefined
    ? tellNextPush(push, tag, tagHead)
    : retellTag({ tag, time: at.time, head: tagHead, lookback: tagLookback, added: push, isPartlyTold });
}

function ofDigest(push: Fact, tag: TagRetelling | undefined): readonly Entry[] {
  return (tag?.told ?? []).filter(({ fact }) => fact.action !== 'delete' && fact.digest === push.digest);
}

/** The records of pushes that now say something else. Deletions say the same in their own record whatever they end. */
export function retoldRecords(entries: readonly Entry[]): readonly Change[] {
  return entries
    .filter(({ fact }) => fact.action !== 'delete')
    .flatMap((entry): Change[] => [
      { write: 'record', entry, isNew: false },
      { write: 'digest-entry', entry },
    ]);
}

/** Makes the commit depend on the manifests, other than the fact's own, of which something new is told. */
export function guards(
  entries: readonly Entry[],
  fact: Fact,
  heads: readonly Versioned<ManifestHead>[],
): readonly Change[] {
  const digests = new Set(entries.map((entry) => entry.fact.digest));
  return heads
    .filter(({ value }) => value.digest !== fact.digest && digests.has(value.digest))
    .map(({ value, version }) => ({ write: 'manifest-guard', digest: value.digest, over: version }));
}
