import { emptyFrontier, type Frontier, grown, type Hash, leafHash, perfectRoot } from './merkle-tree.ts';
import { encodeEntries, encodeTile, entriesPath, type Tile, tilePath, tileWidth, widthOf } from './tile.ts';

/**
 * The right edge of a log: all that has to be read of its files to add to it. Level by level, the hashes of the partial
 * tile at the end; none where the level ends with a full one.
 */
export interface LogEdge {
  readonly size: number;
  /** Entries of the partial bundle at the end. */
  readonly entries: readonly Uint8Array[];
  readonly levels: readonly (readonly Hash[])[];
}

/** The edge of the log without entries. */
export const emptyEdge: LogEdge = { size: 0, entries: [], levels: [] };

/** The partial tiles at the end of a log of a size, the lowest level first: where its {@link LogEdge} is read from. */
export function edgeTiles(size: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; tileWidth ** level <= size; level += 1) {
    const index = Math.floor(Math.floor(size / tileWidth ** level) / tileWidth);
    tiles.push({ level, index, width: widthOf(level, index, size) });
  }
  return tiles;
}

/** The frontier of a log with an edge: the perfect subtrees of its partial tiles, the highest level first. */
export function frontierOf({ size, levels }: LogEdge): Frontier {
  const hashes = levels.map((level) => grown(emptyFrontier, level).hashes);
  return { size, hashes: hashes.reverse().flat() };
}

/** A file of a log. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The files that a log gains by entries after those that it has, and what it is then. */
export function grownLog(
  edge: LogEdge,
  entries: readonly Uint8Array[],
): { readonly files: readonly LogFile[]; readonly edge: LogEdge } {
  const size = edge.size + entries.length;
  const bundles = cut(edge.entries, entries, Math.floor(edge.size / tileWidth));
  const files = bundles.pieces.map(
    ({ index, items }): LogFile => ({ path: entriesPath(index, items.length), bytes: encodeEntries(items) }),
  );
  const levels: (readonly Hash[])[] = [];
  let added = entries.map(leafHash);
  for (let level = 0; added.length > 0 || level < edge.levels.length; level += 1) {
    const first = Math.floor(Math.floor(edge.size / tileWidth ** level) / tileWidth);
    const { pieces, rest } = cut(edge.levels[level] ?? [], added, first);
    for (const { index, items } of pieces) {
      files.push({ path: tilePath({ level, index, width: items.length }), bytes: encodeTile(items) });
    }
    levels.push(rest);
    added = pieces.filter(({ items }) => items.length === tileWidth).map(({ items }) => perfectRoot(items));
  }
  return { files, edge: { size, entries: bundles.rest, levels } };
}

/** Items after those that a partial piece has, cut into pieces; none where nothing is added. */
function cut<T>(partial: readonly T[], added: readonly T[], first: number) {
  const all = [...partial, ...added];
  const count = added.length === 0 ? 0 : Math.ceil(all.length / tileWidth);
  const pieces = Array.from({ length: count }, (_, place) => ({
    index: first + place,
    items: all.slice(place * tileWidth, (place + 1) * tileWidth),
  }));
  return { pieces, rest: all.slice(all.length - (all.length % tileWidth)) };
}
