import {
  compareManifest,
  compareTag,
  type Difference,
  isSettledByList,
  type Look,
  type Seen,
} from '../history/comparison.ts';
import type { AuditRecord, Fact, FactSource, RepositoryId } from '../history/fact.ts';
import type { ManifestHead, TagHead } from '../history/head.ts';
import { recordIdOf } from '../history/record-id.ts';
import { joined, OutOfOrder } from './joined.ts';
import type { Clock, Log } from './ports.ts';
import type { RecordOutcome } from './record-fact.ts';
import type { ManifestSeen, RegistryContent, TagSeen } from './registry-content.ts';

/** Lists a repository's heads in ascending order of tag or digest, read as far as they are consumed. */
export interface HeadLists {
  tagHeads(repository: RepositoryId): AsyncIterable<TagHead>;
  manifestHeads(repository: RepositoryId): AsyncIterable<ManifestHead>;
}

export interface ReconcileRepositoryPorts {
  readonly content: RegistryContent;
  readonly heads: HeadLists;
  readonly record: (record: AuditRecord) => Promise<RecordOutcome>;
  readonly clock: Clock;
  readonly log: Log;
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

/** What a comparison found that history lacked. */
export interface ReconcileSummary {
  readonly pushes: number;
  readonly untags: number;
  readonly deletions: number;
}

/**
 * Compares a repository's history with what its registry holds, and records what no event told, or not yet: pushes at
 * the registry's own times, tags removed and manifests deleted some time since they were last known. Lists may be
 * stale, so what they say is gone or older than history is read by itself first. An unchanged repository costs its
 * lists and writes nothing; a comparison that was cut off is made again from the start and finds the rest.
 */
export function reconcileRepository(ports: ReconcileRepositoryPorts) {
  return async (reconciliation: Reconciliation): Promise<ReconcileSummary> => {
    const { content, heads, clock, log } = ports;
    const { registry, repository, before } = reconciliation;
    const found = { pushes: 0, untags: 0, deletions: 0 };
    const look = (): Look => ({ now: clock.now(), ...(before === undefined ? {} : { before }) });

    async function write(fact: Fact): Promise<void> {
      const { outcome } = await ports.record({ registry, repository, fact });
      if (outcome !== 'recorded') return;
      if (fact.action === 'push') found.pushes += 1;
      else if (fact.action === 'untag') found.untags += 1;
      else found.deletions += 1;
    }
    const factOf = (action: Fact['action'], difference: Dated, about: Partial<Fact>): Fact =>
      foundFact(action, difference, about, reconciliation.source, clock.now());

    async function tagPair(
      tag: string,
      listed: TagSeen | undefined,
      head: TagHead | undefined,
    ): Promise<void> {
      let seen = listed;
      let difference = compareTag(seen, head, look());
      if (!isSettledByList(difference)) {
        seen = await content.tag(repository, tag);
        difference = compareTag(seen, head, look());
      }
      if (difference.differs === 'pushed') return write(factOf('push', difference, { tag }));
      if (difference.differs !== 'gone') return;
      // A tag ends with its manifest; only when that is still there was the tag removed by itself.
      const manifest = await content.manifest(repository, difference.digest);
      if (manifest === undefined) return write(factOf('delete', difference, {}));
      return write(factOf('untag', difference, { tag }));
    }

    async function manifestPair(
      listed: ManifestSeen | undefined,
      head: ManifestHead | undefined,
    ): Promise<void> {
      let difference = compareManifest(seenOf(listed, head), head, look());
      const digest = head?.digest ?? listed?.digest;
      if (!isSettledByList(difference) && digest !== undefined) {
        difference = compareManifest(seenOf(await content.manifest(repository, digest), head), head, look());
      }
      const about = listed === undefined ? {} : described(listed);
      if (difference.differs === 'pushed') return write(factOf('push', difference, about));
      if (difference.differs === 'gone') return write(factOf('delete', difference, {}));
    }

    // Tags first: a manifest with a tag is known by the push of the tag then.
    await eachPair(
      () => itemsOf(content.tags(repository)),
      ({ tag }) => tag,
      () => heads.tagHeads(reconciliation),
      ({ tag }) => tag,
      ({ key, left, right }) => tagPair(key, left, right),
    );
    await eachPair(
      () => itemsOf(content.manifests(repository)),
      ({ digest }) => digest,
      () => heads.manifestHeads(reconciliation),
      ({ digest }) => digest,
      ({ left, right }) => manifestPair(left, right),
    );
    log.info('repository reconciled', { registry, repository, ...found });
    return found;
  };
}

/** A manifest is dated by its creation when it is new to history: its update may be that of its tags. */
function seenOf(manifest: ManifestSeen | undefined, head: ManifestHead | undefined): Seen | undefined {
  if (manifest === undefined) return undefined;
  const { digest, createdAt, updatedAt } = manifest;
  return { digest, updatedAt: head === undefined ? createdAt : updatedAt };
}

type Dated = Extract<Difference, { differs: 'pushed' | 'gone' }>;

function foundFact(
  action: Fact['action'],
  { digest, at, notBefore }: Dated,
  about: Partial<Fact>,
  source: FactSource,
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
  };
}

function described({ mediaType, size }: ManifestSeen): Partial<Fact> {
  return {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(size === undefined ? {} : { size }),
  };
}

async function* itemsOf<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}

async function eachPair<A, B>(
  left: () => AsyncIterable<A>,
  leftKey: (item: A) => string,
  right: () => AsyncIterable<B>,
  rightKey: (item: B) => string,
  handle: (pair: { key: string; left?: A; right?: B }) => Promise<void>,
): Promise<void> {
  try {
    for await (const pair of joined(left(), leftKey, right(), rightKey)) await handle(pair);
  } catch (error) {
    if (!(error instanceof OutOfOrder)) throw error;
    // The registry lists in an order of its own: its names are held and sorted instead. What was done is not undone,
    // and comparing it again finds no difference.
    const held = (await Array.fromAsync(left())).toSorted((a, b) => (leftKey(a) < leftKey(b) ? -1 : 1));
    const inOrder = (async function* () {
      yield* held;
    })();
    for await (const pair of joined(inOrder, leftKey, right(), rightKey)) await handle(pair);
  }
}
