import canonicalize from 'canonicalize';
import { cleanFreeText } from '../registry/free-text.ts';
import { batchKind } from './batch-closing.ts';
import { type Checkpoint, originOf, readCheckpoint } from './checkpoint.ts';
import { concerning } from './evidence-concern.ts';
import { type EvidenceLeaf, instantOfLeaf, readEvidenceLeaf } from './evidence-leaf.ts';
import { imageOf, type PackProblem, type PackSubject, type ReadPack, readPack } from './evidence-pack.ts';
import { sectionNames, sectionsOf } from './evidence-sections.ts';
import { evidenceSummary } from './evidence-summary.ts';
import { followKeys, handoverIn, keysAt } from './key-handover.ts';
import { leafHash } from './merkle-tree.ts';
import { verifyInclusion } from './proof.ts';
import { readBatch } from './recorded-batch.ts';
import { readStatement } from './recorded-leaf.ts';
import { readNote, type VerifierKey, verifierKeyText, verifyNote } from './signed-note.ts';

/** A log by which records of a pack are proven. */
export interface ProvenLog {
  readonly origin: string;
  /** Entries of the log at the checkpoint. */
  readonly size: number;
  /** The keys that signed the checkpoint: trusted, or handed over to by those that are. */
  readonly verifiedBy: readonly string[];
}

/** What came of verifying a pack: the first thing that is not as it says, or what it shows. */
export type EvidenceVerdict =
  | { readonly ok: false; readonly where: string; readonly problem: string }
  | {
      readonly ok: true;
      /** The tag that was asked for, or the digest, as a reference. */
      readonly image: string;
      readonly digest: string;
      readonly logs: readonly ProvenLog[];
      /** Records that are proven to be in a log. */
      readonly proven: number;
      /** Records that wait to be sealed: nothing proves them yet. */
      readonly waiting: number;
      /** Until when the repository's history was known to be complete, RFC 3339. */
      readonly completeUntil?: string;
      /** Whether a summary for people came with it, and says what the pack does. */
      readonly hasSummary: boolean;
    };

/**
 * Verifies a pack by keys that are trusted, and by nothing else: the signature of each checkpoint, the proof of each record,
 * that each record concerns what the pack is about, and that every section, and the summary, says what the records do and
 * nothing more. That no record is missing is not shown by a pack: the log's files show that. Never throws.
 */
export function verifyEvidence(pack: unknown, keys: readonly VerifierKey[]): EvidenceVerdict {
  try {
    const read = readPack(pack);
    const verdict = 'problem' in read ? { ok: false as const, ...read } : verifyPack(read, keys);
    return verdict.ok
      ? verdict
      : { ...verdict, where: brief(verdict.where), problem: brief(verdict.problem) };
  } catch {
    // Such as half a character, which no canonical text has.
    return { ok: false, where: '$', problem: 'cannot be read' };
  }
}

/** Characters of a problem or its place: names of the pack are in it, and whoever made it may have made them long. */
const mostTold = 500;

function brief(text: string): string {
  return cleanFreeText(text, mostTold).text;
}

function verifyPack(pack: ReadPack, keys: readonly VerifierKey[]): EvidenceVerdict {
  const { subject, horizon, records, waiting } = pack;
  const logs = new Map<string, Checkpoint & { readonly verifiedBy: readonly string[] }>();
  for (const [place, { registry, checkpoint: note }] of pack.logs.entries()) {
    const where = `logs[${place}]`;
    const log = provenLog(registry, note, keysOf(pack, registry, note, keys));
    if ('problem' in log) return failed(where, log.problem);
    if (registry !== subject.registry) return failed(where, `is of ${registry}, another registry`);
    if (logs.has(registry)) return failed(where, 'is there twice');
    logs.set(registry, log);
  }

  const leaves: EvidenceLeaf[] = [];
  let stated: number | undefined;
  let last = -1;
  for (const [place, { registry, index, leaf: text, proof }] of records.entries()) {
    const where = `records[${place}] (log index ${index})`;
    const log = logs.get(registry);
    if (log === undefined) return failed(where, `is of ${registry}, of which there is no checkpoint`);
    if (index <= last) return failed(where, 'is not in the order of the log, or there twice');
    last = index;
    const hashes = proof.map(hashOf);
    const hash = leafHash(Buffer.from(text));
    if (!verifyInclusion({ index, size: log.size, leaf: hash, proof: hashes, root: log.root })) {
      return failed(where, `is not proven to be entry ${index} of ${log.origin}`);
    }
    const batch = readBatch(text);
    if (batch !== undefined) {
      const at = batch.horizons.find(({ repository }) => repository === subject.repository)?.comparedAt;
      if (horizon?.record !== index || at === undefined)
        return failed(where, `is a ${batchKind} that says nothing`);
      stated = at;
      continue;
    }
    const leaf = readEvidenceLeaf(text, index);
    if (leaf === undefined) return failed(where, 'is no record that can be read');
    leaves.push(leaf);
  }
  if (horizon !== undefined && (stated === undefined || iso(stated) !== horizon.comparedAt)) {
    return failed('horizon', 'is not what an entry of the log states');
  }

  if (leaves.length === 0) return failed('records', 'are none: nothing is proven');
  const seen = new Set(leaves.map(nameOf));
  if (seen.size < leaves.length) return failed('records', 'have one that is there twice');
  for (const [place, { leaf: text }] of waiting.entries()) {
    const where = `waiting[${place}]`;
    const unread = readEvidenceLeaf(text, '');
    if (unread === undefined) return failed(where, 'is no record that can be read');
    const leaf = { ...unread, ref: instantOfLeaf(unread).id };
    if (seen.has(nameOf(leaf))) return failed(where, 'is among the records already');
    seen.add(nameOf(leaf));
    leaves.push(leaf);
  }

  const said =
    unconcerned(subject, leaves) ??
    unbacked(subject, leaves) ??
    misstated(pack, leaves) ??
    missummarised(pack);
  if (said !== undefined) return { ok: false, ...said };
  return {
    ok: true,
    image: imageOf(subject),
    digest: subject.digest,
    logs: [...logs.values()].map(({ origin, size, verifiedBy }) => ({ origin, size, verifiedBy })),
    proven: records.length,
    waiting: waiting.length,
    ...(horizon === undefined ? {} : { completeUntil: horizon.comparedAt }),
    hasSummary: pack.summary !== undefined,
  };
}

/**
 * The keys that sign a log at a checkpoint, learned from those that are trusted by the handovers among the records: each is a
 * note that the keys before signed.
 */
function keysOf(
  { records }: ReadPack,
  registry: string,
  note: string,
  trusted: readonly VerifierKey[],
): readonly VerifierKey[] {
  const notes = records.flatMap(({ index, leaf }) => {
    const statement = readStatement(leaf);
    const handover = statement && handoverIn(statement);
    return handover === undefined ? [] : [{ index, note: handover }];
  });
  const size = readCheckpoint(readNote(note)?.text ?? '')?.size ?? 0;
  return keysAt(followKeys(registry, trusted, notes), size);
}

function provenLog(registry: string, note: string, keys: readonly VerifierKey[]) {
  const verdict = verifyNote(note, keys);
  if (!verdict.ok) return { problem: noteProblems[verdict.reason] };
  const checkpoint = readCheckpoint(verdict.text);
  if (checkpoint === undefined) return { problem: 'its note is no checkpoint' };
  const origin = originOf(registry);
  // A key that is trusted for one log says nothing of another.
  const verifiedBy = verdict.verifiedBy.filter(({ name }) => name === origin).map(verifierKeyText);
  if (checkpoint.origin !== origin) return { problem: `its checkpoint is not of ${origin}` };
  return verifiedBy.length === 0 ? { problem: noteProblems['unknown-keys'] } : { ...checkpoint, verifiedBy };
}

const noteProblems = {
  'not-a-note': 'its checkpoint is no signed note',
  'unknown-keys': 'its checkpoint is signed by no key that is trusted',
  'wrong-signature': 'its checkpoint has a signature that is wrong',
};

/** A record that says nothing of the subject. */
function unconcerned(subject: PackSubject, leaves: readonly EvidenceLeaf[]): PackProblem | undefined {
  const concerned = new Set(concerning(subject, leaves));
  const other = leaves.find((leaf) => !concerned.has(leaf));
  return other && { where: placeOf(other), problem: `does not concern ${imageOf(subject)}` };
}

/** What is said of the subject itself that no record says: that the tag had the digest, that it lists its parts. */
function unbacked(subject: PackSubject, leaves: readonly EvidenceLeaf[]): PackProblem | undefined {
  const { digest, parts, tag, at } = subject;
  if (tag !== undefined) {
    const isPushed = leaves.some(
      (leaf) =>
        leaf.type === 'fact' &&
        leaf.record.fact.action === 'push' &&
        leaf.record.fact.tag === tag &&
        leaf.record.fact.digest === digest &&
        (leaf.record.fact.notBefore ?? leaf.record.fact.at.time) <= Date.parse(at ?? ''),
    );
    if (!isPushed)
      return { where: 'subject.tag', problem: `was not pushed as ${digest} by then, by any record` };
  }
  const listed = new Map<string, ReadonlySet<string>>();
  for (const leaf of leaves) {
    if (leaf.type !== 'statement' || leaf.record.kind !== 'manifest-described') continue;
    const { digest: index, manifests } = leaf.record.content;
    if (typeof index !== 'string' || !Array.isArray(manifests)) continue;
    const digests = JSON.stringify(manifests).match(/(?<="digest":")[^"]+/g) ?? [];
    listed.set(index, new Set([...(listed.get(index) ?? []), ...digests]));
  }
  const reached = new Set<string>([digest]);
  for (const index of reached) for (const child of listed.get(index) ?? []) reached.add(child);
  const stranger = parts.findIndex((part) => !reached.has(part));
  return stranger < 0
    ? undefined
    : { where: `subject.parts[${stranger}]`, problem: `is not listed by ${digest}, by any record` };
}

/** A claim of the sections that is not what the records say. */
function misstated(
  { subject, sections }: ReadPack,
  leaves: readonly EvidenceLeaf[],
): PackProblem | undefined {
  const expected = sectionsOf(subject, leaves);
  const unknown = Object.keys(sections).find((name) => !sectionNames.some((known) => known === name));
  if (unknown !== undefined) return { where: `sections.${unknown.slice(0, 64)}`, problem: 'is no section' };
  for (const name of sectionNames) {
    const given: unknown = sections[name];
    const where = `sections.${name}`;
    if (!Array.isArray(given)) return { where, problem: 'is no list' };
    for (let place = 0; place < Math.max(given.length, expected[name].length); place += 1) {
      const [row, wanted] = [given[place], expected[name][place]];
      if (wanted === undefined) return { where: `${where}[${place}]`, problem: 'is what no record says' };
      const of = wanted.records.map(String).join(', ');
      if (row === undefined) return { where, problem: `leaves out what record ${of} says` };
      if (canonicalize(row) !== canonicalize(wanted)) {
        return { where: `${where}[${place}]`, problem: `is not what record ${of} says` };
      }
    }
  }
  return undefined;
}

function missummarised(pack: ReadPack): PackProblem | undefined {
  return pack.summary === undefined || pack.summary === evidenceSummary(pack)
    ? undefined
    : { where: 'summary.html', problem: 'is not the summary of this pack' };
}

function placeOf({ ref }: EvidenceLeaf): string {
  return typeof ref === 'number'
    ? `the record at log index ${ref}`
    : `the waiting record ${ref.slice(0, 128)}`;
}

function nameOf(leaf: EvidenceLeaf): string {
  const { time, id } = instantOfLeaf(leaf);
  return `${leaf.record.repository}|${time}|${id}`;
}

function hashOf(text: string): Uint8Array {
  const hash = Buffer.from(text, 'base64');
  // One text for one hash.
  return hash.toString('base64') === text ? new Uint8Array(hash) : new Uint8Array();
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function failed(where: string, problem: string): EvidenceVerdict {
  return { ok: false, where, problem };
}
