import {
  compareManifest,
  compareTag,
  type Difference,
  isSettledByList,
  type Look,
  type Seen,
} from '../history/comparison.ts';
import { type Fact, type FactSource, isFound, type RepositoryId } from '../history/fact.ts';
import type { ManifestHead, TagHead } from '../history/head.ts';
import type { Instant } from '../history/instant.ts';
import { type LockSubject, statedLocks } from '../history/observation.ts';
import { recordIdOf } from '../history/record-id.ts';
import type { Digest } from '../registry/digest.ts';
import { allowsTheSame, type LockState, unlocked } from '../registry/lock-state.ts';
import { concurrently } from './concurrently.ts';
import { type FoundRecordsPorts, foundRecords } from './found-records.ts';
import { joined, OutOfOrder, type Pair } from './joined.ts';
import { manifestLooks } from './manifest-looks.ts';
import type { Clock, Log } from './ports.ts';
import type { ManifestSeen, RegistryContent, TagSeen } from './registry-content.ts';

/** A tag that history knows, or whose locks were seen. */
export interface KnownTag {
  readonly tag: string;
  readonly head?: TagHead;
  readonly locks?: LockState;
}

/** A manifest that history knows, or of which something was seen. */
export interface KnownManifest {
  readonly digest: Digest;
  readonly head?: ManifestHead;
  /** Its description was recorded. */
  readonly isDescribed: boolean;
  readonly locks?: LockState;
}

/** Reads what is known of a repository: lists in ascending order of tag or digest, as far as they are consumed. */
export interface KnownContent {
  tags(repository: RepositoryId): AsyncIterable<KnownTag>;
  manifests(repository: RepositoryId): AsyncIterable<KnownManifest>;
  /** Whether an index is known to list the manifest. */
  isChild(repository: RepositoryId, digest: Digest): Promise<boolean>;
}

export interface ReconcileRepositoryPorts extends FoundRecordsPorts {
  readonly content: RegistryContent;
  readonly known: KnownContent;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of what was found so far, whenever some of it was recorded. */
  readonly onProgress?: (found: ReconcileSummary) => Promise<void>;
}

/** A comparison to make. */
export interface Reconciliation extends RepositoryId {
  /** Epoch milliseconds of the last complete comparison, when there was one. */
  readonly before?: number;
  /** `backfill` when the registry is seen for the first time. */
  readonly source: Exclude<FactSource, 'event'>;
  /** A comparison of it failed before and is remembered so. */
  readonly hasFailed?: boolean;
}

/** What a comparison found that was not known. */
export interface ReconcileSummary {
  readonly pushes: number;
  readonly untags: number;
  readonly deletions: number;
  /** Tags and manifests whose locks had changed. */
  readonly lockChanges: number;
  /** Manifests that were new and are described now. */
  readonly described: number;
  /** New manifests whose documents the registry refused to show: they are not described. */
  readonly undescribed: number;
}

/** Tags and manifests looked at together: single reads and writes wait for the network most of the time. */
const mostAtOnce = 8;

/**
 * Compares a repository's history with what its registry holds, and records what no event told, or not yet: pushes at
 * the registry's own times, tags removed and manifests deleted some time since they were last known, locks that changed,
 * and what new manifests are. Lists may be stale, so what they say is gone or older than history is read by itself
 * first. An unchanged repository costs its lists and writes nothing; a comparison that was cut off is made again from
 * the start and finds the rest.
 * @throws the signal's reason, between two tags or manifests, once it is aborted.
 */
export function reconcileRepository(ports: ReconcileRepositoryPorts) {
  return async (reconciliation: Reconciliation, signal?: AbortSignal): Promise<ReconcileSummary> => {
    const { content, known, clock, log } = ports;
    const { registry, repository, before, source } = reconciliation;
    const id: RepositoryId = { registry, repository };
    const found = { pushes: 0, untags: 0, deletions: 0, lockChanges: 0, described: 0, undescribed: 0 };
    const deleted = new Set<Digest>();
    const counters = { push: 'pushes', untag: 'untags', delete: 'deletions' } as const;
    const records = foundRecords(ports, id, ({ action }) => {
      found[counters[action]] += 1;
    });
    const looks = manifestLooks({ content, known, records }, id, (looked) => {
      found[looked] += 1;
    });
    const look = (): Look => ({ now: clock.now(), ...(before === undefined ? {} : { before }) });
    const factOf = (action: Fact['action'], difference: Dated, about: Partial<Fact>): Fact =>
      foundFact(action, difference, about, source, clock.now());

    async function tagPair({ left: listed, right: held, key: tag }: Pair<TagSeen, KnownTag>): Promise<void> {
      let seen = listed;
      let difference = compareTag(seen, held?.head, look());
      if (!isSettledByList(difference)) {
        seen = await content.tag(repository, tag);
        difference = compareTag(seen, held?.head, look());
      }
      if (seen !== undefined) await locksPair({ tag }, seen, held?.locks);
      if (difference.differs === 'pushed') {
        const fact = factOf('push', difference, { tag });
        return held?.head === undefined ? records.tellNew(fact) : records.tell(fact);
      }
      if (difference.differs !== 'gone') return;
      const gone = await sinceKnown(difference, held?.head?.newestPush);
      // A tag ends with its manifest; only when that is still there was the tag removed by itself.
      const manifest = await content.manifest(repository, difference.digest);
      if (manifest === undefined) return deletion(gone);
      return records.tell(factOf('untag', gone, { tag }));
    }

    async function manifestPair({ left, right: held }: Pair<ManifestSeen, KnownManifest>): Promise<void> {
      let seen = left;
      let difference = compareManifest(seenOf(seen, held?.head), held?.head, look());
      const digest = held?.digest ?? left?.digest;
      if (!isSettledByList(difference) && digest !== undefined) {
        seen = await content.manifest(repository, digest);
        difference = compareManifest(seenOf(seen, held?.head), held?.head, look());
      }
      if (seen !== undefined) {
        await locksPair({ digest: seen.digest }, seen, held?.locks);
        if (held?.isDescribed !== true) await looks.look(seen, { source, recordedAt: clock.now() });
      }
      if (difference.differs === 'pushed') {
        const fact = factOf('push', difference, seen === undefined ? {} : contentOf(seen));
        return held?.head === undefined ? records.tellNew(fact, true) : records.tell(fact);
      }
      if (difference.differs === 'gone') return deletion(await sinceKnown(difference, held?.head?.newest));
    }

    /** The last comparison vouches for what was known then: what an event told of since may have been gone before it. */
    async function sinceKnown(gone: Gone, newest: Instant | undefined): Promise<Gone> {
      if (newest === undefined || gone.notBefore === newest.time) return gone;
      const fact = (await ports.reader.record(id, newest))?.fact;
      const wasThere = fact !== undefined && (isFound(fact) || fact.recordedAt < gone.notBefore);
      return wasThere ? gone : { ...gone, notBefore: newest.time };
    }

    /** Several tags may have ended with one manifest. */
    async function deletion(difference: Dated): Promise<void> {
      if (deleted.has(difference.digest)) return;
      deleted.add(difference.digest);
      return records.tell(factOf('delete', difference, {}));
    }

    async function locksPair(
      of: LockSubject,
      { locks, createdAt }: TagSeen | ManifestSeen,
      last: LockState | undefined,
    ): Promise<void> {
      const was = last ?? unlocked;
      if (allowsTheSame(locks, was)) return;
      const at = clock.now();
      const notBefore = Math.min(at, Math.max(before ?? 0, last === undefined ? createdAt : 0));
      found.lockChanges += 1;
      await records.state([
        statedLocks(id, { of, locks, before: was }, { source, at, notBefore, recordedAt: at }),
      ]);
    }

    async function pass<A, B>(
      left: () => AsyncIterable<readonly A[]>,
      leftKey: (item: A) => string,
      right: () => AsyncIterable<B>,
      rightKey: (item: B) => string,
      handle: (pair: Pair<A, B>) => Promise<void>,
    ): Promise<void> {
      const handled = (pair: Pair<A, B>) => {
        signal?.throwIfAborted();
        return handle(pair);
      };
      try {
        await concurrently(joined(itemsOf(left()), leftKey, right(), rightKey), mostAtOnce, handled);
      } catch (error) {
        // What was found before the fault is kept: the next comparison has that much less to do.
        await records.flush();
        if (!(error instanceof OutOfOrder)) throw error;
        // The registry lists in an order of its own: its names are held and sorted instead.
        const held = (await Array.fromAsync(itemsOf(left()))).toSorted((a, b) =>
          leftKey(a) < leftKey(b) ? -1 : 1,
        );
        await concurrently(joined(inOrder(held), leftKey, right(), rightKey), mostAtOnce, handled);
      }
      await records.flush();
      await ports.onProgress?.({ ...found });
    }

    try {
      // Tags first: a manifest with a tag is known by the push of the tag then.
      await pass(
        () => content.tags(repository),
        ({ tag }) => tag,
        () => known.tags(id),
        ({ tag }) => tag,
        tagPair,
      );
      await pass(
        () => content.manifests(repository),
        ({ digest }) => digest,
        () => known.manifests(id),
        ({ digest }) => digest,
        manifestPair,
      );
      await looks.finish();
      await records.flush();
    } finally {
      await ports.onProgress?.({ ...found });
    }
    log.info('repository reconciled', { registry, repository, ...found });
    return { ...found };
  };
}

/** A manifest is dated by its creation when it is new to history: its update may be that of its tags. */
function seenOf(manifest: ManifestSeen | undefined, head: ManifestHead | undefined): Seen | undefined {
  if (manifest === undefined) return undefined;
  const { digest, createdAt, updatedAt } = manifest;
  return { digest, updatedAt: head === undefined ? createdAt : updatedAt };
}

type Dated = Extract<Difference, { differs: 'pushed' | 'gone' }>;
type Gone = Extract<Difference, { differs: 'gone' }>;

function foundFact(
  action: Fact['action'],
  { digest, at, notBefore }: Dated,
  about: Partial<Fact>,
  source: Reconciliation['source'],
  recordedAt: number,
): Fact {
  const what = [source, action, ...(about.tag === undefined ? [] : [about.tag]), digest.slice(7, 19)];
  const id = what.join('.').slice(-96);
  return {
    ...about,
    at: { time: at, id: recordIdOf(id) },
    action,
    digest,
    ...(notBefore === undefined ? {} : { notBefore }),
    recordedAt,
    source,
    eventId: id,
    client: {},
    notes: [completenessNotes[source]],
  };
}

/** How complete the history is at what was found. */
const completenessNotes = {
  backfill: 'here when the registry was first compared: what came before is not known',
  reconcile: 'no event had told it when the registry was compared',
} as const;

function contentOf({ mediaType, size }: ManifestSeen): Partial<Fact> {
  return {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
  };
}

async function* itemsOf<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

async function* inOrder<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
