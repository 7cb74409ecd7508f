import type { RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import type { JsonContent } from '../history/statement.ts';
import { canonicalRecord, canonicalStatement } from '../ledger/canonical-record.ts';
import { originOf } from '../ledger/checkpoint.ts';
import type { EvidenceSubject } from '../ledger/evidence-concern.ts';
import { type EvidenceLeaf, readEvidenceLeaf } from '../ledger/evidence-leaf.ts';
import {
  type EvidencePack,
  evidenceFormat,
  type PackRecord,
  type PackSubject,
  type WaitingRecord,
} from '../ledger/evidence-pack.ts';
import { sectionsOf } from '../ledger/evidence-sections.ts';
import { verifierKeyText } from '../ledger/signed-note.ts';
import type { Digest } from '../registry/digest.ts';
import { type EvidenceRecordsPorts, evidenceRecords, inGroups, type TooMuch } from './evidence-records.ts';
import type { HistoryPages } from './history-pages.ts';
import { brokenLedger } from './ledger-files.ts';
import type { LedgerBlobs, LedgerLog, Signer } from './ledger-ports.ts';
import { filesOnce, newestHorizon, provenEntries } from './log-proofs.ts';
import type { Clock, Outbox } from './ports.ts';
import { newestCheckpoint } from './prove-record.ts';
import { resolveTag, type TagResolution } from './resolve-tag.ts';
import type { ManifestLinks } from './workload-ports.ts';

export interface EvidencePackPorts extends EvidenceRecordsPorts {
  readonly pages: HistoryPages;
  readonly links: Pick<ManifestLinks, 'children'>;
  readonly ledger: Pick<LedgerLog, 'head' | 'sealed'>;
  readonly blobs: Pick<LedgerBlobs, 'get'>;
  /** Absent where logs are not signed here. */
  readonly signer?: Pick<Signer, 'keys'>;
  readonly outbox: Pick<Outbox, 'announced' | 'announcedStatement'>;
  /** What is told of who used a digest and is in no log, as a pack has it. */
  readonly told: (repository: RepositoryId, digest: Digest) => Promise<JsonContent>;
  readonly clock: Clock;
}

/** A digest, or a tag at a time in epoch milliseconds. */
export type EvidenceRequest = RepositoryId &
  ({ readonly digest: Digest } | { readonly tag: string; readonly at: number });

export type EvidenceOutcome =
  | { readonly outcome: 'packed'; readonly pack: EvidencePack }
  /** The tag had no digest then. */
  | { readonly outcome: 'unresolved'; readonly resolution: Exclude<TagResolution, { outcome: 'resolved' }> }
  /** No record is about the digest. */
  | { readonly outcome: 'unknown'; readonly digest: Digest }
  | ({ readonly outcome: 'too-much' } & TooMuch);

/** Manifests that a release is made of at most. */
const mostParts = 200;
const mostAtOnce = 32;

/** A record of a table, with its canonical text, and whether it was announced. */
interface Candidate {
  readonly at: Instant;
  readonly repository: string;
  readonly text: string;
  readonly isAnnounced: () => Promise<boolean>;
}

/**
 * Packs all that is known of a digest or a release, so that whoever trusts the log's key can verify it alone. Every record
 * comes with its text as the log has it and its proof, against one checkpoint; what waits to be sealed is told apart.
 * Throws AuditFault `ledger-broken` where the log is not what was signed.
 */
export function packEvidence(ports: EvidencePackPorts) {
  const resolve = resolveTag(ports);
  const gather = evidenceRecords(ports);

  async function partsOf(repository: RepositoryId, digest: Digest): Promise<readonly Digest[] | undefined> {
    const found = new Set([digest]);
    for (const index of found) {
      for (const child of await ports.links.children(repository, index)) found.add(child);
      if (found.size > mostParts + 1) return undefined;
    }
    return [...found].slice(1).sort();
  }

  /** The records as their log has them and those that it has not, as of its newest checkpoint. */
  async function proven(subject: EvidenceSubject, candidates: readonly Candidate[]) {
    const { registry } = subject;
    const indexes = new Set<number>();
    const waiting: WaitingRecord[] = [];
    for (const some of inGroups(candidates, mostAtOnce)) {
      await Promise.all(
        some.map(async ({ at, repository, text, isAnnounced }) => {
          const places = await ports.ledger.sealed(registry, at.id);
          const place = places.find((one) => one.repository === repository && one.time === at.time);
          if (place !== undefined) indexes.add(place.index);
          else waiting.push({ leaf: text, reason: (await isAnnounced()) ? 'waiting' : 'unannounced' });
        }),
      );
    }
    // After the places: it has them all.
    const checkpoint = await newestCheckpoint(ports, registry);
    if (checkpoint === undefined) {
      if (indexes.size > 0) throw brokenLedger(registry, 'records are in it, and it has no checkpoint');
      return { logs: [], records: [], waiting, horizon: undefined };
    }
    const { size, note } = checkpoint;
    const blobs = filesOnce(ports.blobs);
    const horizon = await newestHorizon(blobs, subject, size);
    if (horizon !== undefined) indexes.add(horizon.index);
    const entryAt = provenEntries(blobs, registry, size);
    const records: PackRecord[] = [];
    for (const some of inGroups(
      [...indexes].sort((a, b) => a - b),
      mostAtOnce,
    )) {
      const last = some.at(-1) ?? 0;
      if (last >= size) throw brokenLedger(registry, `it ends before ${last}, where a record was sealed`);
      records.push(...(await Promise.all(some.map(entryAt))));
    }
    const keys = (await ports.signer?.keys(originOf(registry))) ?? [];
    return {
      logs: [{ registry, keys: keys.map(verifierKeyText), checkpoint: note }],
      records,
      waiting,
      horizon,
    };
  }

  async function packed(subject: PackSubject, candidates: readonly Candidate[]): Promise<EvidencePack> {
    const { registry, repository, digest } = subject;
    const [{ logs, records, waiting, horizon }, told] = await Promise.all([
      proven(subject, candidates),
      ports.told({ registry, repository }, digest),
    ]);
    const sealed = records
      .filter(({ index }) => index !== horizon?.index)
      .map(({ leaf, index }) => leafOf(registry, leaf, index));
    const ordered = waiting.toSorted((a, b) => (a.leaf < b.leaf ? -1 : 1));
    const unsealed = ordered.map(({ leaf }) => {
      const read = leafOf(registry, leaf, '');
      return { ...read, ref: read.type === 'fact' ? read.record.fact.at.id : read.record.at.id };
    });
    return {
      format: evidenceFormat,
      madeAt: new Date(ports.clock.now()).toISOString(),
      subject,
      logs,
      records,
      waiting: ordered,
      ...(horizon === undefined
        ? {}
        : {
            horizon: { record: horizon.index, comparedAt: new Date(horizon.comparedAt).toISOString() },
          }),
      sections: sectionsOf(subject, [...sealed, ...unsealed]),
      told,
    };
  }

  function candidatesOf({ facts, statements }: Exclude<Awaited<ReturnType<typeof gather>>, TooMuch>) {
    return [
      ...facts.map(
        (record): Candidate => ({
          at: record.fact.at,
          repository: record.repository,
          text: canonicalRecord(record),
          isAnnounced: async () => (await ports.outbox.announced(record, record.fact.at)) !== undefined,
        }),
      ),
      ...statements.map(
        (statement): Candidate => ({
          at: statement.at,
          repository: statement.repository,
          text: canonicalStatement(statement),
          isAnnounced: async () =>
            (await ports.outbox.announcedStatement(statement, statement.at)) !== undefined,
        }),
      ),
    ];
  }

  return async (request: EvidenceRequest): Promise<EvidenceOutcome> => {
    const repository = { registry: request.registry, repository: request.repository };
    const named:
      | Pick<PackSubject, 'digest' | 'tag' | 'at'>
      | Exclude<TagResolution, { outcome: 'resolved' }> =
      'digest' in request ? { digest: request.digest } : await held(repository, request.tag, request.at);
    if ('outcome' in named) return { outcome: 'unresolved', resolution: named };
    const { digest } = named;
    const parts = await partsOf(repository, digest);
    if (parts === undefined) return { outcome: 'too-much', tooMuch: 'parts', most: mostParts };
    const subject: PackSubject = { ...repository, ...named, parts };
    const gathered = await gather(subject);
    if ('tooMuch' in gathered) return { outcome: 'too-much', ...gathered };
    if (gathered.facts.length + gathered.statements.length === 0) return { outcome: 'unknown', digest };
    return { outcome: 'packed', pack: await packed(subject, candidatesOf(gathered)) };
  };

  async function held(repository: RepositoryId, tag: string, at: number) {
    const resolution = await resolve(repository, tag, at);
    return resolution.outcome === 'resolved'
      ? { digest: resolution.digest, tag, at: new Date(at).toISOString() }
      : resolution;
  }
}

function leafOf(registry: string, text: string, ref: number | string): EvidenceLeaf {
  const leaf = readEvidenceLeaf(text, ref);
  if (leaf === undefined) throw brokenLedger(registry, `entry ${ref} is no record that can be read`);
  return leaf;
}
