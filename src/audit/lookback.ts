import { isFirstToldDeletion } from '../history/digest-retelling.ts';
import type { Entry } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Edge, ManifestHead, Versioned } from '../history/head.ts';
import type { TagReading } from '../history/retold-tags.ts';
import { lookbackStart, type TagLookback, tellingStart } from '../history/tag-retelling.ts';
import type { Digest } from '../registry/digest.ts';
import { concurrently } from './concurrently.ts';
import type { HistoryReader } from './ports.ts';

/** A tag's lookback, and the heads of the manifests whose deletions it rests on. */
export interface TagReadBack {
  readonly lookback: TagLookback;
  readonly manifests: readonly Versioned<ManifestHead>[];
}

/**
 * Reads back what is needed to retell a tag for a fact at `time`. `known` gives deletions, of the fact's own manifest,
 * that are to be taken instead of the recorded ones.
 */
export async function readBackTag(
  reader: HistoryReader,
  repository: RepositoryId,
  tag: string,
  time: number,
  known: { readonly digest: Digest; readonly deletions: readonly Entry[] },
): Promise<TagReadBack> {
  const entries = await entriesSince(reader.tagEntries(repository, tag), lookbackStart(time));
  const digests = new Set(entries.map((entry) => entry.fact.digest));
  digests.delete(known.digest);
  const start = tellingStart(time);
  const heads = new Map<Digest, Versioned<ManifestHead>>();
  const deleted = new Map<Digest, readonly Entry[]>();
  await concurrently(digests, mostAtOnce, async (digest) => {
    // The head is read before the entries: a deletion that comes between them makes the commit fail.
    const { manifest } = await reader.heads(repository, digest, undefined);
    if (manifest === undefined) return;
    heads.set(digest, manifest);
    const { lastDelete } = manifest.value;
    if (lastDelete === undefined || lastDelete.time < start) return;
    deleted.set(digest, await deletionsSince(reader, repository, digest, start));
  });
  const deletions = known.deletions.filter(({ fact }) => fact.at.time >= start);
  return {
    lookback: { entries, deletions: [...deletions, ...[...deleted.values()].flat()] },
    manifests: [...heads.values()],
  };
}

/** Manifests whose heads are read at once: a tag that moves often had many. */
const mostAtOnce = 16;

/** Several tags of a manifest as they are to be retold, and the heads of other manifests that this rests on, as they were read. */
export interface TagsReadBack {
  readonly tags: readonly TagReading[];
  readonly manifests: readonly Versioned<ManifestHead>[];
}

/** Reads back, from `time` on, the tags of a manifest's edges, to retell them by its deletions as they are told now. */
export async function readBackTags(
  reader: HistoryReader,
  repository: RepositoryId,
  edges: readonly Versioned<Edge>[],
  time: number,
  known: { readonly digest: Digest; readonly deletions: readonly Entry[] },
): Promise<TagsReadBack> {
  const tags: TagReading[] = [];
  const manifests: Versioned<ManifestHead>[] = [];
  for (const { value: edge } of edges) {
    const { tag: head } = await reader.heads(repository, known.digest, edge.tag);
    const { lookback, manifests: others } = await readBackTag(reader, repository, edge.tag, time, known);
    tags.push({ tag: edge.tag, ...(head === undefined ? {} : { head }), lookback });
    manifests.push(...others);
  }
  return { tags, manifests };
}

/** All of a manifest's entries, in order. */
export async function readBackDigest(
  reader: HistoryReader,
  repository: RepositoryId,
  digest: Digest,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of reader.digestEntries(repository, digest)) entries.push(entry);
  return entries.reverse();
}

async function deletionsSince(
  reader: HistoryReader,
  repository: RepositoryId,
  digest: Digest,
  start: number,
): Promise<readonly Entry[]> {
  const deletions: Entry[] = [];
  for await (const entry of reader.digestEntries(repository, digest)) {
    if (entry.fact.at.time < start) break;
    if (isFirstToldDeletion(entry)) deletions.push(entry);
  }
  return deletions;
}

async function entriesSince(newestFirst: AsyncIterable<Entry>, start: number): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of newestFirst) {
    entries.push(entry);
    if (entry.fact.at.time < start && beganByPush(entry)) break;
  }
  return entries.reverse();
}

function beganByPush(entry: Entry): boolean {
  return entry.fact.action === 'push' && entry.replicaOf === undefined && entry.kind !== 'unchanged';
}
