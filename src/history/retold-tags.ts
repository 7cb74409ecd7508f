import type { Change } from './change.ts';
import type { Entry } from './entry.ts';
import type { Fact } from './fact.ts';
import type { Edge, ManifestHead, TagHead, Versioned } from './head.ts';
import { retellTag, type TagLookback, type TagRetelling } from './tag-retelling.ts';

/** A tag to retell, as read. */
export interface TagReading {
  readonly tag: string;
  readonly head?: Versioned<TagHead>;
  readonly lookback: TagLookback;
}

/** Tells tags again that deletions since `time` (epoch milliseconds) concern, and nothing else that is new. */
export function retellTags(
  tags: readonly TagReading[],
  time: number,
  isPartlyTold: boolean,
): readonly TagRetelling[] {
  return tags.map(({ tag, head, lookback }) => retellTag({ tag, time, head, lookback, isPartlyTold }));
}

/** The edges of tags that a deletion since `time` (epoch milliseconds) may concern: the others had moved on before. */
export function edgesSince(edges: readonly Versioned<Edge>[], time: number): readonly Versioned<Edge>[] {
  return edges.filter(({ value }) => value.until === undefined || value.until.time >= time);
}

/** The pushes and untags of a fact's manifest, as tags tell them now. */
export function toldOfDigest(retold: readonly TagRetelling[], { digest }: Fact): readonly Entry[] {
  return retold
    .flatMap(({ told }) => told)
    .filter(({ fact }) => fact.action !== 'delete' && fact.digest === digest);
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

/**
 * Makes the commit depend on the manifests, other than the fact's own, of which tags tell something new. Of several
 * readings of a head the first guards: a change between two of them makes the commit fail.
 */
export function guards(
  retold: readonly TagRetelling[],
  fact: Fact,
  heads: readonly Versioned<ManifestHead>[],
): readonly Change[] {
  const entries = retold.flatMap(({ told, removed }) => [...told, ...removed]);
  const digests = new Set(entries.map((entry) => entry.fact.digest));
  const first = new Map(heads.toReversed().map((head) => [head.value.digest, head]));
  return [...first.values()]
    .filter(({ value }) => value.digest !== fact.digest && digests.has(value.digest))
    .map(({ value, version }) => ({ write: 'manifest-guard', digest: value.digest, over: version }));
}
