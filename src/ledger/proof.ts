import { type Hash, hashLength, nodeHash, rootOf, sameHash } from './merkle-tree.ts';
import { decodeTile, type Tile, tileOf, tilePath, tileWidth } from './tile.ts';

/** Reads a file of a log by its path; `undefined` when it is not there. */
export type FileReader = (path: string) => Promise<Uint8Array | undefined>;

/** A file of the log is missing or is not what its path says: nothing can be proven from it. */
export class BrokenLog extends Error {
  readonly path: string;

  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.name = 'BrokenLog';
    this.path = path;
  }
}

/**
 * The hashes that prove that entry `index` is in the log of `size` (RFC 6962, section 2.1.1), read from its tiles.
 * Throws RangeError when there is no such entry, and {@link BrokenLog}.
 */
export function inclusionProof(index: number, size: number, read: FileReader): Promise<readonly Hash[]> {
  return inclusionProofs(size, read)(index);
}

/** As {@link inclusionProof}, for many entries of one log: each tile is read, and each of its nodes hashed, once. */
export function inclusionProofs(size: number, read: FileReader): (index: number) => Promise<readonly Hash[]> {
  const hashes = hashReader(size, read);
  return (index) => {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) {
      throw new RangeError(`a log of ${size} entries has none at ${index}`);
    }
    const path = async (start: number, end: number): Promise<readonly Hash[]> => {
      if (end - start === 1) return [];
      const middle = start + largestPowerBelow(end - start);
      return index < middle
        ? [...(await path(start, middle)), await hashes.ofRange(middle, end)]
        : [...(await path(middle, end)), await hashes.ofRange(start, middle)];
    };
    return path(0, size);
  };
}

/**
 * The hashes that prove that the log of `from` entries begins that of `to` (RFC 6962, section 2.1.2), read from its
 * tiles. Throws RangeError when it can't be asked, and {@link BrokenLog}.
 */
export function consistencyProof(from: number, to: number, read: FileReader): Promise<readonly Hash[]> {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from <= to)) {
    throw new RangeError(`no log of ${from} entries begins one of ${to}`);
  }
  const hashes = hashReader(to, read);
  const path = async (start: number, end: number, isWhole: boolean): Promise<readonly Hash[]> => {
    if (end === from) return isWhole ? [] : [await hashes.ofRange(start, end)];
    const middle = start + largestPowerBelow(end - start);
    return from <= middle
      ? [...(await path(start, middle, isWhole)), await hashes.ofRange(middle, end)]
      : [...(await path(middle, end, false)), await hashes.ofRange(start, middle)];
  };
  return path(0, to, true);
}

/** What an inclusion proof is to show. */
export interface Inclusion {
  readonly index: number;
  readonly size: number;
  /** The entry's {@link leafHash}. */
  readonly leaf: Hash;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** Whether a proof shows that a leaf is in the log that has a root: RFC 9162, section 2.1.3.2. */
export function verifyInclusion({ index, size, leaf, proof, root }: Inclusion): boolean {
  if (!isCount(size) || !isCount(index) || index >= size || !proof.every(isHash)) return false;
  let [node, last] = [index, size - 1];
  let hash = leaf;
  for (const neighbour of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(neighbour, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, neighbour);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && sameHash(hash, root);
}

/** What a consistency proof is to show. */
export interface Consistency {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Hash;
  readonly toRoot: Hash;
  readonly proof: readonly Hash[];
}

/** Whether a proof shows that one log begins another: RFC 9162, section 2.1.4.2. The log of no entries begins all. */
export function verifyConsistency({ from, to, fromRoot, toRoot, proof }: Consistency): boolean {
  if (!isCount(from) || !isCount(to) || from > to || !proof.every(isHash)) return false;
  if (from === 0) return proof.length === 0;
  if (from === to) return proof.length === 0 && sameHash(fromRoot, toRoot);
  const path = isPowerOfTwo(from) ? [fromRoot, ...proof] : [...proof];
  const [first, ...others] = path;
  if (first === undefined) return false;
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  let [older, newer] = [first, first];
  for (const neighbour of others) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      older = nodeHash(neighbour, older);
      newer = nodeHash(neighbour, newer);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newer = nodeHash(newer, neighbour);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && sameHash(older, fromRoot) && sameHash(newer, toRoot);
}

/** The root of a log of a size, from its tiles alone. Throws {@link BrokenLog}. */
export async function rootFromTiles(size: number, read: FileReader): Promise<Hash> {
  return size === 0 ? rootOf({ size: 0, hashes: [] }) : hashReader(size, read).ofRange(0, size);
}

/** Hashes of ranges of leaves, each tile read once, and each node in it hashed once. */
function hashReader(size: number, read: FileReader) {
  const tiles = new Map<string, Promise<TileNodes>>();

  async function readTile(tile: Tile, path: string): Promise<TileNodes> {
    const bytes = await read(path);
    if (bytes === undefined) throw new BrokenLog(path, 'is missing');
    const hashes = decodeTile(bytes, tile.width);
    if (hashes === undefined) throw new BrokenLog(path, `does not have ${tile.width} hashes`);
    return tileNodes(hashes);
  }

  function nodesOf(tile: Tile): Promise<TileNodes> {
    const path = tilePath(tile);
    const found = tiles.get(path) ?? readTile(tile, path);
    tiles.set(path, found);
    return found;
  }

  /** The root of a perfect subtree that begins at a multiple of its size. */
  async function ofPerfect(start: number, count: number): Promise<Hash> {
    let level = 0;
    while (tileWidth ** (level + 1) <= count) level += 1;
    const unit = tileWidth ** level;
    const [first, width] = [start / unit, count / unit];
    const tile = tileOf(level, first, size);
    return (await nodesOf(tile))(first % tileWidth, width);
  }

  /** The root of the leaves from `start` to `end`, where `start` is a multiple of the largest power of two in it. */
  async function ofRange(start: number, end: number): Promise<Hash> {
    const count = end - start;
    if (isPowerOfTwo(count)) return ofPerfect(start, count);
    const middle = start + largestPowerBelow(count);
    return nodeHash(await ofRange(start, middle), await ofRange(middle, end));
  }

  return { ofRange };
}

/** The root of some neighbouring hashes of a tile: as many as a power of two, from a multiple of that on. */
type TileNodes = (from: number, width: number) => Hash;

function tileNodes(hashes: readonly Hash[]): TileNodes {
  const known = new Map<number, Hash>();
  function nodeOf(from: number, width: number): Hash {
    if (width === 1) {
      const hash = hashes[from];
      if (hash === undefined) throw new RangeError(`a tile of ${hashes.length} hashes has none at ${from}`);
      return hash;
    }
    const name = from * 2 * tileWidth + width;
    const found = known.get(name) ?? nodeHash(nodeOf(from, width / 2), nodeOf(from + width / 2, width / 2));
    known.set(name, found);
    return found;
  }
  return nodeOf;
}

/** The largest power of two less than a number above 1: where RFC 6962 divides a tree. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function isPowerOfTwo(count: number): boolean {
  return count > 0 && (count === 1 || largestPowerBelow(count) * 2 === count);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isHash(hash: Hash): boolean {
  return hash.length === hashLength;
}
