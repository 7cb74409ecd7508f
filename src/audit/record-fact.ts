import type { Change } from '../history/change.ts';
import { planDeletion, scopeDeletion } from '../history/delete-plan.ts';
import { isFirstToldDeletion, isNextOfDigest } from '../history/digest-retelling.ts';
import type { Entry } from '../history/entry.ts';
import type { AuditRecord, Fact } from '../history/fact.ts';
import type { Edge, Versioned } from '../history/head.ts';
import { isAfter } from '../history/instant.ts';
import { type PushPlan, type PushReading, planPush } from '../history/push-plan.ts';
import { edgesSince } from '../history/retold-tags.ts';
import { isNextPush } from '../history/tag-retelling.ts';
import { AuditFault } from './fault.ts';
import { readBackDigest, readBackTag, readBackTags } from './lookback.ts';
import type { Heads, HistoryReader, HistoryWriter, Outbox } from './ports.ts';
import type { OnRecorded } from './protection-ports.ts';
import type { Pseudonyms } from './pseudonyms.ts';

export interface RecordFactPorts {
  readonly reader: HistoryReader;
  readonly writer: HistoryWriter;
  readonly outbox: Pick<Outbox, 'announce' | 'announced'>;
  /** What names people is replaced before anything is kept, where the policy wants that. */
  readonly pseudonyms?: Pick<Pseudonyms, 'ofRecord'>;
  /** Told of every fact once it is recorded, and again when it is repeated. */
  readonly onRecorded?: OnRecorded;
}

/**
 * `recorded`: new in history. `known`: recorded before, nothing changed. `contradicted`: another fact was recorded
 * under the same id and time.
 */
export type RecordOutcome =
  | { readonly outcome: 'recorded'; readonly entry: Entry }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'contradicted' };

/** Lost races after which a delivery gives up and is repeated later. Each loss is another writer's success. */
const maxAttempts = 64;

/** Changes above which {@link HistoryWriter.commit} takes more than one transaction. */
const maxAtomicChanges = 100;

/**
 * Records one fact of a repository: announced in the ledger's outbox first, then told in the timelines, in one
 * transaction. Any order, repetition and concurrency of calls ends in the same rows. Throws a retryable
 * {@link AuditFault} when it lost too many races.
 */
export function recordFact(ports: RecordFactPorts) {
  const tell = tellFact(ports);
  return async (came: AuditRecord): Promise<RecordOutcome> => {
    const record = ports.pseudonyms === undefined ? came : await ports.pseudonyms.ofRecord(came);
    const outcome = await tell(record);
    // Told of again when it is known: the one before may have been cut off here.
    if (outcome.outcome !== 'contradicted') await ports.onRecorded?.(record);
    return outcome;
  };
}

function tellFact(ports: RecordFactPorts) {
  return async (record: AuditRecord): Promise<RecordOutcome> => {
    const { outbox, reader, writer } = ports;
    const { digest, at } = record.fact;
    const [announced, reading] = await Promise.all([outbox.announce(record), present(reader, record)]);
    if (announced === 'known') {
      const known = await knownOutcome(ports, record);
      if (known !== undefined) return known;
    }
    const first = announced === 'new' ? record : ((await outbox.announced(record, at)) ?? record);
    if (!isSameFact(first.fact, record.fact)) return { outcome: 'contradicted' };

    let current = reading;
    // An earlier delivery may have ended between two of its transactions.
    let isPartlyTold = announced === 'known';
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const { entry, changes } = await planned(reader, first, current, isPartlyTold);
      const isNewDigest = current.heads.manifest === undefined;
      const [committed] = await Promise.all([
        writer.commit(record, changes),
        ...(isNewDigest ? [writer.noteDigest(record, digest)] : []),
      ]);
      if (committed === 'committed') return { outcome: 'recorded', entry };
      const known = await knownOutcome(ports, record);
      if (known !== undefined) return known;
      isPartlyTold ||= changes.length > maxAtomicChanges;
      current = await present(reader, record);
    }
    throw new AuditFault('contention', `${record.repository}: ${maxAttempts} lost races for one fact`, {
      retryable: true,
    });
  };
}

async function knownOutcome(ports: RecordFactPorts, record: AuditRecord): Promise<RecordOutcome | undefined> {
  // The note may be missing when an earlier delivery ended between the two writes; repeating it is harmless.
  const [entry] = await Promise.all([
    ports.reader.record(record, record.fact.at),
    ports.writer.noteDigest(record, record.fact.digest),
  ]);
  if (entry === undefined) return undefined;
  return isSameFact(entry.fact, record.fact) ? { outcome: 'known' } : { outcome: 'contradicted' };
}

function isSameFact(a: Fact, b: Fact): boolean {
  return a.action === b.action && a.digest === b.digest && a.tag === b.tag;
}

interface Present {
  readonly heads: Heads;
  /** Read only for a deletion. */
  readonly edges: readonly Versioned<Edge>[];
}

async function present(reader: HistoryReader, record: AuditRecord): Promise<Present> {
  const { action, digest, tag } = record.fact;
  if (action !== 'delete') return { heads: await reader.heads(record, digest, tag), edges: [] };
  const { head, edges } = await reader.manifest(record, digest);
  return { heads: head === undefined ? {} : { manifest: head }, edges };
}

interface Plan {
  readonly entry: Entry;
  readonly changes: readonly Change[];
}

function planned(
  reader: HistoryReader,
  record: AuditRecord,
  { heads, edges }: Present,
  isPartlyTold: boolean,
): Promise<Plan> {
  return record.fact.action !== 'delete'
    ? plannedPush(reader, record, heads, isPartlyTold)
    : plannedDeletion(reader, record, heads, edges, isPartlyTold);
}

async function plannedPush(
  reader: HistoryReader,
  record: AuditRecord,
  heads: Heads,
  isPartlyTold: boolean,
): Promise<Plan> {
  const push = record.fact;
  const isNext = isNextOfDigest(push, heads.manifest?.value);
  const digestLookback = isNext ? undefined : await readBackDigest(reader, record, push.digest);
  const follows = isNextPush(push, heads.tag?.value) && isAfter(push.at, heads.manifest?.value.lastDelete);
  const readBack =
    push.tag === undefined || follows
      ? undefined
      : await readBackTag(reader, record, push.tag, push.at.time, {
          digest: push.digest,
          deletions: (digestLookback ?? (await deletionsOf(reader, record, heads))).filter(
            isFirstToldDeletion,
          ),
        });
  const reading: PushReading = {
    isPartlyTold,
    ...(heads.tag === undefined ? {} : { tagHead: heads.tag }),
    ...(heads.manifest === undefined ? {} : { manifestHead: heads.manifest }),
    ...(digestLookback === undefined ? {} : { digestLookback }),
    ...(readBack === undefined ? {} : { tagLookback: readBack.lookback, otherManifests: readBack.manifests }),
  };
  const plan = planPush(push, reading);
  return plan.digest.changedDeletions.length === 0 ? plan : replannedPush(reader, record, reading, plan);
}

/**
 * Plans a push again that changes which deletions of its manifest are first told, as one between an event's deletion and
 * one that was found: what they end is told again, in its own tag and all others.
 */
async function replannedPush(
  reader: HistoryReader,
  record: AuditRecord,
  reading: PushReading,
  { digest: { changedDeletions, deletions } }: PushPlan,
): Promise<Plan> {
  const { digest, tag, at } = record.fact;
  const since = Math.min(at.time, ...changedDeletions.map(({ time }) => time));
  const known = { digest, deletions };
  const own = tag === undefined ? undefined : await readBackTag(reader, record, tag, since, known);
  const { edges } = await reader.manifest(record, digest);
  const otherEdges = edgesSince(edges, since).filter(({ value }) => value.tag !== tag);
  const others = await readBackTags(reader, record, otherEdges, since, known);
  return planPush(record.fact, {
    ...reading,
    ...(own === undefined ? {} : { tagLookback: own.lookback }),
    otherManifests: [...(own?.manifests ?? []), ...others.manifests],
    changedDeletions: { since, otherTags: others.tags },
  });
}

async function deletionsOf(
  reader: HistoryReader,
  record: AuditRecord,
  heads: Heads,
): Promise<readonly Entry[]> {
  if (heads.manifest?.value.lastDelete === undefined) return [];
  return readBackDigest(reader, record, record.fact.digest);
}

async function plannedDeletion(
  reader: HistoryReader,
  record: AuditRecord,
  heads: Heads,
  edges: readonly Versioned<Edge>[],
  isPartlyTold: boolean,
): Promise<Plan> {
  const deletion = record.fact;
  const isNext = isNextOfDigest(deletion, heads.manifest?.value);
  const byHead = { ...(heads.manifest === undefined ? {} : { manifestHead: heads.manifest }), isPartlyTold };
  const scopeByHead = isNext ? scopeDeletion(deletion, byHead, edges) : undefined;
  // A tag is retold from all deletions of the manifest, which its head alone does not know.
  const isByHead = scopeByHead !== undefined && scopeByHead.toRetell.length === 0;
  const reading = isByHead
    ? byHead
    : { ...byHead, digestLookback: await readBackDigest(reader, record, deletion.digest) };
  const scope = isByHead ? scopeByHead : scopeDeletion(deletion, reading, edges);
  const since = scope.digest.changedDeletions[0]?.time ?? deletion.at.time;
  const { tags, manifests } = await readBackTags(reader, record, scope.toRetell, since, {
    digest: deletion.digest,
    deletions: scope.digest.deletions,
  });
  return planDeletion(deletion, reading, scope, tags, manifests);
}
