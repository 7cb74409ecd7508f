import { type Digest, parseDigest } from '../registry/digest.ts';
import { quote } from '../registry/free-text.ts';
import type { LockState } from '../registry/lock-state.ts';
import { isTag } from '../registry/name.ts';

declare const tagBrand: unique symbol;

/** A tag that may be named in a lock call: never empty, never anything but a tag. Only {@link tagTarget} makes one. */
export type LockableTag = string & { readonly [tagBrand]: true };

/**
 * What a lock is set on: one manifest by digest, or one tag. A tag and its manifest are locked separately, and a repository
 * never: a call that names neither locks all of it (https://github.com/Azure/azure-cli/issues/31878).
 */
export type LockTarget =
  | { readonly kind: 'manifest'; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly tag: LockableTag };

/** What locking changes. Whether something can be read or listed is nobody's to change here. */
export type LockFlags = Pick<LockState, 'canDelete' | 'canWrite'>;

/**
 * A locked manifest or tag. Both are needed: retention policies respect only the first, and a tag that cannot be deleted
 * can still be moved: https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
 */
export const locked: LockFlags = { canDelete: false, canWrite: false };

/** The lock of a manifest; throws `TypeError` for anything but a digest. */
export function manifestTarget(digest: string): LockTarget {
  const read = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (read === undefined) throw new TypeError(`${quote(String(digest))} is no digest to lock`);
  return { kind: 'manifest', digest: read };
}

/** The lock of a tag; throws `TypeError` for anything but a tag. */
export function tagTarget(tag: string): LockTarget {
  if (!isLockableTag(tag)) throw new TypeError(`${quote(String(tag))} is no tag to lock`);
  return { kind: 'tag', tag };
}

/** Makes a target anew from its own text: what an adapter asks last before the wire. Throws `TypeError`. */
export function checkedTarget(target: LockTarget): LockTarget {
  return target.kind === 'manifest' ? manifestTarget(target.digest) : tagTarget(target.tag);
}

/** A text that is the same for the same target. */
export function targetKey(target: LockTarget): string {
  return target.kind === 'manifest' ? target.digest : `tag:${target.tag}`;
}

/** Whether both flags forbid. */
export function isLocked({ canDelete, canWrite }: LockFlags): boolean {
  return !canDelete && !canWrite;
}

/** Whether either flag forbids. */
export function isLockedAtAll({ canDelete, canWrite }: LockFlags): boolean {
  return !canDelete || !canWrite;
}

/** What is no text is none: a pattern would take `undefined` for a tag of that name. */
function isLockableTag(text: string): text is LockableTag {
  return typeof text === 'string' && isTag(text);
}
