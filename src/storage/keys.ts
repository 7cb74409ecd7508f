import type { RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';

/*
 * The grammar of every key. `/` becomes `:`, which no repository name has; `|` separates fields, which no name, tag,
 * digest or record id has; `~` sorts after every character used, so `P|~` ends the rows that begin with `P|`.
 */

const longestTime = 9_999_999_999_999;

/** Thirteen digits that sort the newest time first. Throws RangeError for a time outside 1970 to 2286. */
export function inverted(time: number): string {
  if (!Number.isInteger(time) || time < 0 || time > longestTime) {
    throw new RangeError(`no key for the time ${time}`);
  }
  return String(longestTime - time).padStart(13, '0');
}

/** The time of thirteen inverted digits, or `undefined` when they aren't that. */
export function timeOf(digits: string): number | undefined {
  return /^\d{13}$/.test(digits) ? longestTime - Number(digits) : undefined;
}

/** A repository's partition. */
export function repositoryKey({ registry, repository }: RepositoryId): string {
  return `${registry}|${repository.replaceAll('/', ':')}`;
}

/** The repository of a partition, or `undefined` when the text isn't one. */
export function readRepositoryKey(key: string): RepositoryId | undefined {
  const [registry, repository, ...rest] = key.split('|');
  if (!registry || !repository || rest.length > 0) return undefined;
  return { registry, repository: repository.replaceAll(':', '/') };
}

function instantKey({ time, id }: Instant): string {
  return `${inverted(time)}|${id}`;
}

/** The instant at the end of a key, or `undefined`. */
export function instantOf(key: string): Instant | undefined {
  const [digits = '', id = ''] = key.split('|').slice(-2);
  const time = timeOf(digits);
  return time === undefined || id === '' ? undefined : { time, id };
}

/** An audit record. */
export const recordKey = (at: Instant) => `E|${instantKey(at)}`;
/** An entry of a tag's timeline. */
export const tagEntryKey = (tag: string, at: Instant) => `T|${tag}|${instantKey(at)}`;
/** An entry of a manifest's timeline. */
export const digestEntryKey = (digest: string, at: Instant) => `D|${digest}|${instantKey(at)}`;
/** A tag's head. */
export const tagHeadKey = (tag: string) => `t|${tag}`;
/** A manifest's head. */
export const manifestHeadKey = (digest: string) => `m|${digest}`;
/** That a tag points, or pointed, to a digest: after the manifest's head, so that one query reads both. */
export const edgeKey = (digest: string, tag: string) => `${manifestHeadKey(digest)}|${tag}`;
/** A statement: an audit record that adds nothing to a timeline. */
export const statementKey = (at: Instant) => `S|${instantKey(at)}`;
/** What a manifest is, once it was looked at. */
export const descriptionKey = (digest: string) => `o|${digest}`;
/** What a tag or manifest was last seen to allow, once that was not everything. */
export const locksKey = (tagOrDigest: string) => `l|${tagOrDigest}`;
/** That an index lists a manifest. */
export const childKey = (index: string, child: string) => `i|${index}|${child}`;
/** That a manifest is listed by an index. */
export const parentKey = (child: string, index: string) => `c|${child}|${index}`;
/** That a manifest is about another: a signature, an SBOM, an attestation. */
export const referrerKey = (subject: string, referrer: string) => `s|${subject}|${referrer}`;
/** When a repository was last compared whole with its registry. */
export const comparedKey = 'r|compared';
/**
 * That a digest is, or was, in a repository: in the partition of the digest, of which it repeats some: stand-ins of
 * Table Storage find a row by its key alone, and slow down where thousands of partitions have the same.
 */
export const digestPlaceKey = (digest: string, { registry, repository }: RepositoryId) =>
  `r|${registry}|${repository.replaceAll('/', ':')}|${digest.slice(7, 23)}`;
/** An announced fact: newest first across a registry's repositories. */
export const announcedKey = (at: Instant, repository: string) =>
  `${instantKey(at)}|${repository.replaceAll('/', ':')}`;
/** The fact of an {@link announcedKey}, or `undefined` when the text isn't one. */
export function readAnnouncedKey(key: string): { repository: string; at: Instant } | undefined {
  const [digits = '', id, repository, ...rest] = key.split('|');
  const time = timeOf(digits);
  if (time === undefined || !id || !repository || rest.length > 0) return undefined;
  return { repository: repository.replaceAll(':', '/'), at: { time, id } };
}
/** An announced statement: after all facts, which are so listed without them. */
export const announcedStatementKey = (at: Instant, repository: string) =>
  `${statementMark}${announcedKey(at, repository)}`;
/** The statement of an {@link announcedStatementKey}, or `undefined` when the text isn't one. */
export const readAnnouncedStatementKey = (key: string) =>
  key.startsWith(statementMark) ? readAnnouncedKey(key.slice(statementMark.length)) : undefined;
const statementMark = '~s|';
/** That what was announced under a key waits to be sealed: those recorded first come first. */
export const waitingKey = (recordedAt: number, announced: string) =>
  `${waitingRecords}${String(recordedAt).padStart(13, '0')}|${announced}`;
/** Where records wait to be sealed. */
export const waitingRecords = '~q|';
/** When what waits was recorded, and under which key it was announced; `undefined` when the text isn't such a key. */
export function readWaitingKey(key: string): { recordedAt: number; announced: string } | undefined {
  const [, digits, announced] = /^~q\|(\d{13})\|(.+)$/.exec(key) ?? [];
  return digits === undefined || announced === undefined
    ? undefined
    : { recordedAt: Number(digits), announced };
}
/** Where in the log a record is, by its id, and by its time: an event may come again as of another time. */
export const sealedKey = (at: Instant, repository: string) =>
  `${sealedRecords(at.id)}${inverted(at.time)}|${repository.replaceAll('/', ':')}`;
/** Whose place a {@link sealedKey} tells, or `undefined` when the text isn't one. */
export function readSealedKey(key: string): { repository: string; at: Instant } | undefined {
  const [, id, digits = '', repository] = /^~i\|([^|]+)\|(\d{13})\|([^|]+)$/.exec(key) ?? [];
  const time = timeOf(digits);
  if (id === undefined || time === undefined || repository === undefined) return undefined;
  return { repository: repository.replaceAll(':', '/'), at: { time, id } };
}
/** Where in the log the records of an id are: one, unless it came again in another repository, or as of another time. */
export const sealedRecords = (recordId: string) => `${sealedRows}${recordId}|`;
/** Where the places of sealed records are. */
export const sealedRows = '~i|';
/** The partition of what was announced of a registry: facts, statements, what of them waits, where the others are. */
export const announcedPartition = (registry: string) => `${registry}|announced`;
/** The partition of a log's head, and of what its batches intended. */
export const logPartition = (registry: string) => `${registry}|head`;
/** What a batch intended, by the size of the log before it. */
export const intentKey = (from: number) => `i|${String(from).padStart(16, '0')}`;
/** The partition of when a registry's repositories were last compared, for its log to state. */
export const comparedPartition = (registry: string) => `${registry}|compared`;

/** A finding by its id: the row that guards the others. */
export const findingKey = (id: string) => `f|${id}`;
/** Where findings are listed: {@link openFindings} and so on. Its rows are in the order of instants, newest first. */
export const findingListKey = (list: string, at: Instant) => `${list}${instantKey(at)}`;
/** The open findings of a registry. */
export const openFindings = 'o|';
/** The open findings of a severity. */
export const openFindingsOfSeverity = (severity: string) => `s|${severity}|`;
/** The open findings about a repository. */
export const openFindingsAbout = (repository: string) => `p|${repository.replaceAll('/', ':')}|`;
/** What became of findings and is still to be told, the oldest first. */
export const alertKey = (at: number, id: string) => `x|${String(at).padStart(13, '0')}|${id}`;
/** The outbox of alerts. */
export const waitingAlerts = 'x|';
/** The findings of a registry that are closed. */
export const closedFindings = 'c|';

/** The partition of the claims that a source reported. */
export const sourceKey = (source: string) => `source|${source}`;
/** Claims as their sources list them (`o|`, `h|`), and as the repositories that they are on do (`u|`, `e|`). */
export const claimLists = {
  source: { open: 'o|', ended: 'h|' },
  repository: { open: 'u|', ended: 'e|' },
} as const;
/** A claim that ended, by when it began: newest first. */
export const endedClaimKey = (list: string, firstSeen: number, id: string) =>
  `${list}${inverted(firstSeen)}|${id}`;

/** Keys that begin with a prefix, optionally only those not newer than a time, and only those after a key. */
export function keysUnder(
  prefix: string,
  options: { readonly notAfter?: number; readonly notBefore?: number; readonly after?: string } = {},
): { readonly from: string; readonly before: string } {
  const { notAfter, notBefore, after } = options;
  // No key is newer than the last one that can be written.
  const start = notAfter === undefined ? prefix : `${prefix}${inverted(Math.min(notAfter, longestTime))}`;
  // The smallest key greater than the one read last.
  const from = after === undefined || after < start ? start : `${after} `;
  const before =
    notBefore === undefined ? `${prefix}~` : `${prefix}${inverted(Math.min(notBefore, longestTime))}|~`;
  return { from, before };
}
