import { type Hash, hashLength } from './merkle-tree.ts';

/*
 * The layout of a log's files: https://c2sp.org/tlog-tiles. A tile holds up to 256 neighbouring hashes of a level, each
 * the root of a full tile of the level below; an entry bundle holds the entries of a tile of level 0.
 */

/** Hashes of a full tile, and entries of a full bundle. */
export const tileWidth = 256;

/** The most bytes of an entry: its length is told by 16 bits. */
export const maxEntryLength = 65_535;

/** A tile: `width` hashes of a level, from hash `index * 256` on. */
export interface Tile {
  /** 0 has the leaves' hashes; more levels than 7 would be more leaves than a number can count. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256; less than 256 is the partial tile at the end of its level. */
  readonly width: number;
}

/** Where a tile is, such as `tile/0/x001/234.p/5`. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${numbered(index)}${partial(width)}`;
}

/** Where the entries of a tile of level 0 are, such as `tile/entries/x001/234.p/5`. */
export function entriesPath(index: number, width: number = tileWidth): string {
  return `tile/entries/${numbered(index)}${partial(width)}`;
}

function numbered(index: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join('/');
}

function partial(width: number): string {
  return width === tileWidth ? '' : `.p/${width}`;
}

/** What a path of this layout is of: a tile's hashes, or its entries. */
export type TileFile = { readonly kind: 'tile' | 'entries' } & Tile;

const pathPattern = /^tile\/(entries|\d)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The file of a path, or `undefined` when the text is no path of this layout. */
export function readTilePath(path: string): TileFile | undefined {
  const [, place, digits, partialWidth] = pathPattern.exec(path) ?? [];
  if (place === undefined || digits === undefined) return undefined;
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  const width = partialWidth === undefined ? tileWidth : Number(partialWidth);
  if (numbered(index) !== digits || (partialWidth !== undefined && width >= tileWidth)) return undefined;
  return place === 'entries'
    ? { kind: 'entries', level: 0, index, width }
    : { kind: 'tile', level: Number(place), index, width };
}

/** The tile in which a level's hash is, in a log of a size. */
export function tileOf(level: number, hash: number, size: number): Tile {
  const index = Math.floor(hash / tileWidth);
  return { level, index, width: widthOf(level, index, size) };
}

/** How many hashes a tile has in a log of a size: 0 where the log does not reach. */
export function widthOf(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** The tiles that a log of size `to` has, and one of size `from` has not: the lowest level first. */
export function tilesBetween(from: number, to: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; tileWidth ** level <= to; level += 1) {
    const first = Math.floor(Math.floor(from / tileWidth ** level) / tileWidth);
    const last = Math.floor((Math.floor(to / tileWidth ** level) - 1) / tileWidth);
    for (let index = first; index <= last; index += 1) {
      const width = widthOf(level, index, to);
      if (width > widthOf(level, index, from)) tiles.push({ level, index, width });
    }
  }
  return tiles;
}

/** The bytes of a tile. */
export function encodeTile(hashes: readonly Hash[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * hashLength);
  for (const [index, hash] of hashes.entries()) bytes.set(hash, index * hashLength);
  return bytes;
}

/** The hashes of a tile, or `undefined` when it does not have as many as its width says. */
export function decodeTile(bytes: Uint8Array, width: number): readonly Hash[] | undefined {
  if (bytes.length !== width * hashLength) return undefined;
  return Array.from({ length: width }, (_, index) =>
    bytes.subarray(index * hashLength, (index + 1) * hashLength),
  );
}

/** The bytes of a bundle: each entry after its length. Throws RangeError for an entry that is too long. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((length, entry) => length + 2 + entry.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > maxEntryLength) throw new RangeError(`an entry of ${entry.length} bytes is too long`);
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/** The entries of a bundle, or `undefined` when it does not have as many as its width says. */
export function decodeEntries(bytes: Uint8Array, width: number): readonly Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < width) {
    const end = at + 2 + view.getUint16(at);
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return at === bytes.length && entries.length === width ? entries : undefined;
}
