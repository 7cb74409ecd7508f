import { createHash } from 'node:crypto';

/** A SHA-256 hash of the tree: 32 bytes. */
export type Hash = Uint8Array;

/** Bytes of a {@link Hash}. */
export const hashLength = 32;

/** The hash of an entry: RFC 6962, section 2.1, sets leaves and nodes apart by their first byte. */
export function leafHash(entry: Uint8Array): Hash {
  return createHash('sha256').update(leafMark).update(entry).digest();
}

/** The hash of two neighbours: RFC 6962, section 2.1. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256').update(nodeMark).update(left).update(right).digest();
}

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

/**
 * All that is needed of a tree to add to it: the roots of its perfect subtrees, the largest first, one for each bit
 * that is set in its size.
 */
export interface Frontier {
  /** Leaves of the tree. */
  readonly size: number;
  readonly hashes: readonly Hash[];
}

/** The tree without leaves. */
export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** Whether a frontier has the hashes that its size asks for. */
export function isFrontier({ size, hashes }: Frontier): boolean {
  if (!Number.isSafeInteger(size) || size < 0) return false;
  return hashes.length === perfectSizes(size).length && hashes.every((hash) => hash.length === hashLength);
}

/** A tree with leaves added, in their order, after what it has. */
export function grown({ size, hashes }: Frontier, leaves: readonly Hash[]): Frontier {
  const roots = [...hashes];
  let count = size;
  for (const leaf of leaves) {
    let hash = leaf;
    // Each subtree that is as large as the new one joins it, as a carry does in addition.
    for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = roots.pop();
      if (left === undefined) throw new RangeError(`a frontier of ${size} leaves lacks a hash`);
      hash = nodeHash(left, hash);
    }
    roots.push(hash);
    count += 1;
  }
  return { size: count, hashes: roots };
}

/** The root hash of a tree; that of no leaves is the hash of nothing (RFC 6962, section 2.1). */
export function rootOf({ hashes }: Frontier): Hash {
  const last = hashes.at(-1);
  if (last === undefined) return createHash('sha256').digest();
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The sizes of the perfect subtrees that a tree is made of, the largest first. */
export function perfectSizes(size: number): readonly number[] {
  const sizes: number[] = [];
  for (let rest = size, perfect = 1; rest > 0; perfect *= 2) {
    const bit = rest % 2;
    if (bit === 1) sizes.unshift(perfect);
    rest = (rest - bit) / 2;
  }
  return sizes;
}

/** The root of a perfect tree: as many leaves as a power of two. */
export function perfectRoot(leaves: readonly Hash[]): Hash {
  return rootOf(grown(emptyFrontier, leaves));
}

/** Whether two hashes are the same bytes. */
export function sameHash(one: Hash, other: Hash): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
