import { type ComparedBundle, comparedBundle, type KnownBundle, unknownBundle } from './bundle-comparison.ts';
import { LedgerProblem } from './ledger-problem.ts';
import { frontierOf } from './log-growth.ts';
import { type Hash, perfectRoot, rootOf, sameHash } from './merkle-tree.ts';
import type { FileReader } from './proof.ts';
import { decodeTile, type Tile, tileOf, tilePath, tileWidth, widthOf } from './tile.ts';

/**
 * Grows a log's tree anew from its bundles, and holds every tile that the log has to it. It keeps the right edge alone.
 * All but {@link ComparedTree.rootAt} throw LedgerProblem.
 */
export interface ComparedTree {
  /**
   * Reads the bundle at the end of the tree, as it is in the log of a size whose root was signed. Its entries are part of
   * the tree from {@link ComparedTree.take} on.
   */
  read(size: number, root: Hash): Promise<ComparedBundle>;
  /** The root of the tree with some entries of a bundle that was read. */
  rootAt(size: number, bundle: ComparedBundle): Hash;
  take(bundle: ComparedBundle): Promise<void>;
  /** Compares the partial tiles that the log of the present size ends with. */
  compareEdge(): Promise<void>;
  size(): number;
}

/** The tree without entries. */
export function comparedTree(read: FileReader): ComparedTree {
  let size = 0;
  let known: KnownBundle = unknownBundle;
  // Of level 1 and above, the hashes of the partial tiles; which of them have grown since they were compared.
  const levels: Hash[][] = [];
  const grownLevels = new Set<number>();

  function rootWith(count: number, hashes: readonly Hash[]): Hash {
    return rootOf(frontierOf({ size: count, entries: [], levels: [hashes, ...levels] }));
  }

  async function compareTile(tile: Tile, hashes: readonly Hash[]): Promise<void> {
    const path = tilePath(tile);
    const bytes = await read(path);
    const unit = tileWidth ** tile.level;
    const first = tile.index * tileWidth * unit;
    const range = { path, index: first, lastIndex: first + tile.width * unit - 1 };
    if (bytes === undefined) {
      throw new LedgerProblem({ code: 'missing-file', message: `${path} is missing`, ...range });
    }
    const stored = decodeTile(bytes, tile.width);
    if (stored === undefined) {
      const message = `${path} does not have ${tile.width} hashes`;
      throw new LedgerProblem({ code: 'damaged-file', message, ...range });
    }
    const place = hashes.findIndex((hash, at) => !sameHash(hash, stored[at] ?? new Uint8Array()));
    if (place < 0) return;
    const index = first + place * unit;
    const lastIndex = index + unit - 1;
    const message = `${path} has another hash of entries ${index} to ${lastIndex} than follows from them`;
    throw new LedgerProblem({ code: 'tile-differs', message, path, index, lastIndex });
  }

  async function climb(level: number, hash: Hash): Promise<void> {
    const hashes = levels[level - 1] ?? [];
    levels[level - 1] = hashes;
    hashes.push(hash);
    grownLevels.add(level);
    if (hashes.length < tileWidth) return;
    const index = Math.floor(Math.floor(size / tileWidth ** level) / tileWidth) - 1;
    await compareTile({ level, index, width: tileWidth }, hashes);
    levels[level - 1] = [];
    grownLevels.delete(level);
    await climb(level + 1, perfectRoot(hashes));
  }

  /** Whether a tile or its entries are wrong, by what is above: the tile of level 1, or the root itself. */
  async function judged(
    index: number,
    of: { readonly size: number; readonly root: Hash },
    ofTile: readonly Hash[],
    ofEntries: readonly Hash[],
  ) {
    const isFull = ofTile.length === tileWidth;
    const above = tileOf(1, index, of.size);
    const bytes = isFull ? await read(tilePath(above)) : undefined;
    const signed = isFull ? bytes && decodeTile(bytes, above.width)?.[index % tileWidth] : of.root;
    const rootOfHashes = (hashes: readonly Hash[]) =>
      isFull && hashes.length === tileWidth ? perfectRoot(hashes) : rootWith(of.size, hashes);
    if (signed === undefined) return 'neither';
    if (sameHash(rootOfHashes(ofTile), signed)) return 'tile';
    return sameHash(rootOfHashes(ofEntries), signed) ? 'entries' : 'neither';
  }

  return {
    async read(to, root) {
      const index = Math.floor(size / tileWidth);
      const width = widthOf(0, index, to);
      return comparedBundle(read, { index, width }, known, (ofTile, ofEntries) =>
        judged(index, { size: to, root }, ofTile, ofEntries),
      );
    },
    rootAt: (at, { hashes }) => rootWith(at, hashes.slice(0, at - Math.floor(size / tileWidth) * tileWidth)),
    async take(bundle) {
      size = Math.floor(size / tileWidth) * tileWidth + bundle.hashes.length;
      const isFull = bundle.hashes.length === tileWidth;
      known = isFull ? unknownBundle : bundle;
      if (isFull) await climb(1, perfectRoot(bundle.hashes));
    },
    async compareEdge() {
      for (const level of [...grownLevels].sort((one, other) => one - other)) {
        const hashes = levels[level - 1] ?? [];
        const index = Math.floor(Math.floor(size / tileWidth ** level) / tileWidth);
        await compareTile({ level, index, width: hashes.length }, hashes);
      }
      grownLevels.clear();
    },
    size: () => size,
  };
}
