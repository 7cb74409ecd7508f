import type { Digest } from '../registry/digest.ts';

/**
 * Why something is kept. Every code is a reason by itself; a digest may go only when there is none.
 * `history-stale`, `not-recorded`, `coverage-incomplete`, `source-stale`, `index-unreadable` and `unknown-media-type` are
 * doubt: doubt keeps the image.
 */
export const keepCodes = [
  /** A workload's platform reported the digest, or names it. */
  'in-use',
  /** A workload names a tag that held it since its revision was created. */
  'inferred-use',
  /** An approval whose rollback window is open. */
  'rollback-window',
  /** The newest approval of its environment. */
  'approved',
  /** A legal hold. */
  'held',
  /** A lock that is not ours. */
  'locked',
  /** It is listed, at some depth, by an index that is kept. */
  'part-of-kept',
  /** It signs, describes or attests something that is kept. */
  'referrer-of-kept',
  /** Something that is kept signs, describes or attests it: registries delete that along with it. */
  'subject-of-kept',
  /** It is about something whose tags changed lately. */
  're-tagged',
  /** It is younger than the grace. */
  'young',
  /** It is among the newest that a rule keeps. */
  'newest',
  /** A tag of it matches a pattern that is always kept. */
  'pattern',
  /** It is younger than a rule lets go. */
  'age',
  /** No rule is about it. */
  'no-rule',
  /** It was not asked about, and nothing says that it goes as well. */
  'not-asked',
  /** A tag of it is kept. */
  'tagged',
  /** Nobody has compared the repository with its registry, or not lately. */
  'history-stale',
  /** It is not recorded, so nothing is known of it. */
  'not-recorded',
  /** Some source of the inventory was not read completely. */
  'coverage-incomplete',
  /** Some source of the inventory was read too long ago. */
  'source-stale',
  /** An index of the repository could not be read: it may list this. */
  'index-unreadable',
  /** What it is, is not known. */
  'unknown-media-type',
  /** Soft delete keeps one of the same digest: pushing it again would be refused. */
  'soft-deleted-twin',
] as const;
export type KeepCode = (typeof keepCodes)[number];

/** One reason, with what it rests on for people: workloads, an approval's id, a rule. */
export interface KeepReason {
  readonly code: KeepCode;
  readonly detail?: string;
  /** The manifest that it is kept for. */
  readonly of?: Digest;
}
