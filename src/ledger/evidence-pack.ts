import type { JsonContent } from '../history/statement.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { formatReference } from '../registry/reference.ts';
import type { EvidenceSubject } from './evidence-concern.ts';
import type { EvidenceSections } from './evidence-sections.ts';

/** The layout of packs; another layout is another number. */
export const evidenceFormat = 'acr-audit-evidence/1';

/** What was asked for, as a pack tells it. */
export interface PackSubject extends EvidenceSubject {
  /** The tag that was asked for; absent when it was the digest itself. */
  readonly tag?: string;
  /** The time at which the tag had the digest, RFC 3339. */
  readonly at?: string;
}

/** A log that records are proven by. */
export interface PackLog {
  readonly registry: string;
  /** Public keys as the service told them: whoever verifies has to have them from elsewhere too. */
  readonly keys: readonly string[];
  /** The signed note of https://c2sp.org/tlog-checkpoint. */
  readonly checkpoint: string;
}

/** A record with the proof that it is in its log. */
export interface PackRecord {
  /** Login server: the log that it is in. */
  readonly registry: string;
  readonly index: number;
  /** Canonical text: the entry of the log. */
  readonly leaf: string;
  /** Inclusion proof of RFC 6962, each hash in base64. */
  readonly proof: readonly string[];
}

/** A record that no log proves yet. */
export interface WaitingRecord {
  readonly leaf: string;
  /** `waiting`: it was announced, and waits to be sealed. `unannounced`: it is in a table, and nothing announced it. */
  readonly reason: 'waiting' | 'unannounced';
}

/** Until when the history of the repository is known to be complete, and by which entry of the log. */
export interface PackHorizon {
  /** Index of the entry, which is among the pack's records. */
  readonly record: number;
  /** RFC 3339. */
  readonly comparedAt: string;
}

/** All that is known of a digest or a release, to be verified by whoever trusts a key of its log. */
export interface EvidencePack {
  readonly format: typeof evidenceFormat;
  /** RFC 3339. */
  readonly madeAt: string;
  readonly subject: PackSubject;
  /** None where nothing was sealed yet. */
  readonly logs: readonly PackLog[];
  /** In the order of their indexes. */
  readonly records: readonly PackRecord[];
  readonly waiting: readonly WaitingRecord[];
  /** Absent where no entry of the log that was looked at states one. */
  readonly horizon?: PackHorizon;
  readonly sections: EvidenceSections;
  /** What was told and is in no log: nothing here is proven. */
  readonly told: JsonContent;
}

/** The most proof hashes: more leaves than a number can count. */
const mostHashes = 64;

/** What keeps a value from being a pack. */
export interface PackProblem {
  readonly where: string;
  readonly problem: string;
}

/** A pack as it is written, not yet believed; its sections and what is told are left as they came. */
export type ReadPack = Omit<EvidencePack, 'sections' | 'told'> & {
  readonly sections: Fields;
  readonly told: Fields;
  /** The summary that came with it, where one did. */
  readonly summary?: string;
};

type Fields = Readonly<Record<string, unknown>>;

/** Reads a pack, or tells what of it cannot be read. Never throws. */
export function readPack(value: unknown): ReadPack | PackProblem {
  if (!isFields(value)) return problem('$', 'is no object');
  const { format, madeAt, subject, logs, records, waiting, horizon, sections, told, summary, ...others } =
    value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return problem(unknown.slice(0, 64), 'is nothing that a pack has');
  if (format !== evidenceFormat) return problem('format', `is not ${evidenceFormat}`);
  if (!isTime(madeAt)) return problem('madeAt', 'is no time');
  const about = subjectOf(subject);
  if (about === undefined) return problem('subject', 'is no digest of a repository, or has no parts');
  const readLogs = listOf('logs', logs, logOf);
  if ('problem' in readLogs) return readLogs;
  const readRecords = listOf('records', records, recordOf);
  if ('problem' in readRecords) return readRecords;
  const readWaiting = listOf('waiting', waiting, waitingOf);
  if ('problem' in readWaiting) return readWaiting;
  const stated = horizon === undefined ? undefined : horizonOf(horizon);
  if (horizon !== undefined && stated === undefined) return problem('horizon', 'is no time with its record');
  if (!isFields(sections)) return problem('sections', 'is no object');
  if (!isFields(told)) return problem('told', 'is no object');
  if (summary !== undefined && typeof summary !== 'string') return problem('summary.html', 'is no text');
  return {
    format,
    madeAt,
    subject: about,
    logs: readLogs.items,
    records: readRecords.items,
    waiting: readWaiting.items,
    ...(stated === undefined ? {} : { horizon: stated }),
    sections,
    told,
    ...(summary === undefined ? {} : { summary }),
  };
}

/** What a pack is about, as a reference: the tag when one was asked for, else the digest. */
export function imageOf({ registry, repository, tag, digest }: PackSubject): string {
  return formatReference(
    tag === undefined ? { registry, repository, digest } : { registry, repository, tag },
  );
}

function subjectOf(value: unknown): PackSubject | undefined {
  if (!isFields(value)) return undefined;
  const { registry, repository, digest, parts, tag, at, ...others } = value;
  if (typeof registry !== 'string' || typeof repository !== 'string' || !isDigest(digest)) return undefined;
  if (!Array.isArray(parts) || !parts.every(isDigest) || Object.keys(others).length > 0) return undefined;
  const named = { registry, repository, digest, parts };
  if (tag === undefined && at === undefined) return named;
  return typeof tag === 'string' && isTime(at) ? { ...named, tag, at } : undefined;
}

function logOf(value: unknown): PackLog | undefined {
  if (!isFields(value)) return undefined;
  const { registry, keys, checkpoint } = value;
  if (typeof registry !== 'string' || typeof checkpoint !== 'string') return undefined;
  return Array.isArray(keys) && keys.every(isText) ? { registry, keys, checkpoint } : undefined;
}

function recordOf(value: unknown): PackRecord | undefined {
  if (!isFields(value)) return undefined;
  const { registry, index, leaf, proof } = value;
  if (typeof registry !== 'string' || typeof leaf !== 'string' || !isIndex(index)) return undefined;
  return Array.isArray(proof) && proof.length <= mostHashes && proof.every(isText)
    ? { registry, index, leaf, proof }
    : undefined;
}

function waitingOf(value: unknown): WaitingRecord | undefined {
  if (!isFields(value)) return undefined;
  const { leaf, reason } = value;
  if (typeof leaf !== 'string') return undefined;
  return reason === 'waiting' || reason === 'unannounced' ? { leaf, reason } : undefined;
}

function horizonOf(value: unknown): PackHorizon | undefined {
  if (!isFields(value)) return undefined;
  const { record, comparedAt } = value;
  return isIndex(record) && isTime(comparedAt) ? { record, comparedAt } : undefined;
}

function listOf<T>(
  name: string,
  value: unknown,
  read: (item: unknown) => T | undefined,
): { readonly items: readonly T[] } | PackProblem {
  if (!Array.isArray(value)) return problem(name, 'is no list');
  const items: T[] = [];
  for (const [place, item] of value.entries()) {
    const one = read(item);
    if (one === undefined) return problem(`${name}[${place}]`, 'cannot be read');
    items.push(one);
  }
  return { items };
}

function problem(where: string, said: string): PackProblem {
  return { where, problem: said };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && parseDigest(value) === value;
}

/** A time in UTC with milliseconds, as packs write it. */
function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 32) return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}
