import { nameIn } from './entry-content.ts';
import { LedgerProblem, type ProblemCode } from './ledger-problem.ts';
import { type Hash, leafHash, sameHash } from './merkle-tree.ts';
import type { FileReader } from './proof.ts';
import { decodeTile, encodeTile, entriesPath, tilePath, tileWidth } from './tile.ts';

/** What is known of a bundle from an earlier checkpoint: all of it, unless the bundle has grown since. */
export interface KnownBundle {
  readonly hashes: readonly Hash[];
  /** Of the file, which a later one has to begin with. */
  readonly bytes: Uint8Array;
}

export const unknownBundle: KnownBundle = { hashes: [], bytes: new Uint8Array() };

/** Which of two hash lists of a tile, its own and that of its entries, makes what was signed above it. */
export type Judge = (
  ofTile: readonly Hash[],
  ofEntries: readonly Hash[],
) => Promise<'tile' | 'entries' | 'neither'>;

/** A bundle whose entries are those of its tile. */
export interface ComparedBundle extends KnownBundle {
  readonly path: string;
  /** The entries that were not known. */
  readonly added: readonly Uint8Array[];
}

/**
 * Reads a bundle and the tile of level 0 above it, and holds one to the other and both to what is known. Throws
 * {@link LedgerProblem} that names the first entry that is not as it should be.
 */
export async function comparedBundle(
  read: FileReader,
  { index, width }: { readonly index: number; readonly width: number },
  known: KnownBundle,
  judge: Judge,
): Promise<ComparedBundle> {
  const paths = { entries: entriesPath(index, width), tile: tilePath({ level: 0, index, width }) };
  const start = index * tileWidth;
  const whole = { index: start, lastIndex: start + width - 1 };
  const [bytes, tileBytes] = await Promise.all([read(paths.entries), read(paths.tile)]);
  for (const [path, content] of [[paths.entries, bytes] as const, [paths.tile, tileBytes] as const]) {
    if (content === undefined) throw problem('missing-file', path, `${path} is missing`, whole);
  }
  const tile = decodeTile(tileBytes ?? new Uint8Array(), width);
  if (tile === undefined || bytes === undefined) {
    throw problem('damaged-file', paths.tile, `${paths.tile} does not have ${width} hashes`, whole);
  }
  const changed = known.hashes.findIndex((hash, place) => !sameHash(hash, tile[place] ?? empty));
  if (changed >= 0) {
    const message = `${paths.tile} has another hash of entry ${start + changed} than earlier tiles have`;
    throw problem('tile-differs', paths.tile, message, { index: start + changed });
  }

  const isGrown = Buffer.from(bytes.subarray(0, known.bytes.length)).equals(known.bytes);
  const { entries: added, rest } = entriesIn(isGrown ? bytes.subarray(known.bytes.length) : bytes);
  const hashes = isGrown ? [...known.hashes, ...added.map(leafHash)] : added.map(leafHash);
  const isSame = hashes.length === width && Buffer.from(encodeTile(hashes)).equals(tileBytes ?? empty);
  // What begins otherwise and has the same entries cannot be: an entry is written in one way only.
  if (isGrown && isSame && rest === 0) return { path: paths.entries, bytes, hashes, added };
  throw await firstDifference(paths, start, { tile, hashes, rest, entries: entriesIn(bytes).entries, judge });
}

const empty = new Uint8Array();

/** As many entries as there are, and how many bytes follow them that are none. */
function entriesIn(bytes: Uint8Array): { readonly entries: readonly Uint8Array[]; readonly rest: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  // One more than a bundle has is enough to tell that it has too many.
  while (at + 2 <= bytes.length && entries.length <= tileWidth) {
    const end = at + 2 + view.getUint16(at);
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { entries, rest: bytes.length - at };
}

interface Difference {
  readonly tile: readonly Hash[];
  readonly hashes: readonly Hash[];
  readonly entries: readonly Uint8Array[];
  readonly rest: number;
  readonly judge: Judge;
}

async function firstDifference(
  paths: { readonly entries: string; readonly tile: string },
  start: number,
  { tile, hashes, entries, rest, judge }: Difference,
): Promise<LedgerProblem> {
  const isAt = (place: number, other: number) => {
    const [hash, expected] = [hashes[place], tile[other]];
    return hash !== undefined && expected !== undefined && sameHash(hash, expected);
  };
  const place = tile.findIndex((_, at) => !isAt(at, at));
  const found = (code: ProblemCode, message: string, at = place, path = paths.entries) =>
    problem(code, path, message, { index: start + at, ...named(entries[at]) });

  if (place < 0) {
    if (hashes.length <= tile.length) {
      return found('damaged-file', `${paths.entries} has ${rest} bytes after its entries`, tile.length - 1);
    }
    return found('entry-inserted', `${paths.entries} has an entry after its last`, tile.length);
  }
  const index = start + place;
  if (hashes[place] === undefined && rest === 0) {
    return found('entry-removed', `entry ${index} is gone: ${paths.entries} ends before it`);
  }
  const other = tile.findIndex((_, at) => at > place && isAt(place, at) && isAt(at, place));
  if (other >= 0) return found('entries-swapped', `entries ${index} and ${start + other} changed places`);
  if (isAt(place, place + 1)) {
    return found('entry-removed', `entry ${index} is gone: the one after it is in its place`);
  }
  if (isAt(place + 1, place)) {
    return found('entry-inserted', `entry ${index} was put before the one whose hash ${paths.tile} has`);
  }
  if ((await judge(tile, hashes)) === 'entries') {
    const message = `${paths.tile} has another hash of entry ${index} than was signed`;
    return found('tile-differs', message, place, paths.tile);
  }
  return found('entry-changed', `entry ${index} is not the one whose hash ${paths.tile} has`);
}

function named(entry: Uint8Array | undefined) {
  return entry === undefined ? {} : nameIn(Buffer.from(entry).toString());
}

function problem(
  code: ProblemCode,
  path: string,
  message: string,
  where: { readonly index: number; readonly lastIndex?: number },
): LedgerProblem {
  return new LedgerProblem({ code, path, message, ...where });
}
