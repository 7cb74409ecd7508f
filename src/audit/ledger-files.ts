import type { Checkpoint } from '../ledger/checkpoint.ts';
import { edgeTiles, emptyEdge, frontierOf, type LogEdge, type LogFile } from '../ledger/log-growth.ts';
import { rootOf, sameHash } from '../ledger/merkle-tree.ts';
import { BrokenLog } from '../ledger/proof.ts';
import { decodeEntries, decodeTile, entriesPath, tilePath, tileWidth, widthOf } from '../ledger/tile.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { LedgerBlobs } from './ledger-ports.ts';

/** Files written or read at once. */
const mostAtOnce = 8;

/** What is stored of a log is not what was signed: nothing more is signed over it. Repeating it does not help. */
export function brokenLedger(registry: string, reason: string): AuditFault {
  return new AuditFault('ledger-broken', `the ledger of ${registry} is not what was signed: ${reason}`, {
    retryable: false,
  });
}

/** Where a log's checkpoint of a size is kept. */
export function checkpointPath(size: number): string {
  return `checkpoints/${size}`;
}

/**
 * Reads the right edge of a log, and holds it to the root that was signed. Throws AuditFault `ledger-broken` where a file is
 * missing, is cut off, or makes another root.
 */
export async function readEdge(
  blobs: Pick<LedgerBlobs, 'get'>,
  registry: string,
  signed: Pick<Checkpoint, 'size' | 'root'>,
): Promise<LogEdge> {
  const { size, root } = signed;
  if (size === 0) return emptyEdge;

  async function read<T>(path: string, decode: (bytes: Uint8Array) => T | undefined): Promise<T> {
    const bytes = await blobs.get(registry, path);
    const content = bytes && decode(bytes);
    if (content === undefined) throw brokenLedger(registry, `${path} is missing or damaged`);
    return content;
  }

  const tiles = edgeTiles(size);
  const [entries, ...levels] = await Promise.all([
    readEntries(tiles[0]?.index ?? 0, tiles[0]?.width ?? 0),
    ...tiles.map((tile) =>
      tile.width === 0 ? [] : read(tilePath(tile), (bytes) => decodeTile(bytes, tile.width)),
    ),
  ]);
  const edge = { size, entries, levels };
  if (sameHash(rootOf(frontierOf(edge)), root)) return edge;
  throw brokenLedger(registry, `its tiles make another root at ${size}`);

  async function readEntries(index: number, width: number): Promise<readonly Uint8Array[]> {
    if (width === 0) return [];
    return read(entriesPath(index, width), (bytes) => decodeEntries(bytes, width));
  }
}

/** Writes files of a log, where they aren't written already; others in their place are `ledger-broken`. */
export async function writeFiles(
  blobs: LedgerBlobs,
  registry: string,
  files: readonly LogFile[],
): Promise<void> {
  async function* all() {
    yield* files;
  }
  await concurrently(all(), mostAtOnce, async ({ path, bytes }) => {
    if ((await blobs.put(registry, path, bytes)) === 'written') return;
    // Left by a sealer that was cut off, or that runs at the same time: it derived the same.
    const there = await blobs.get(registry, path);
    if (there === undefined || !sameHash(there, bytes)) throw brokenLedger(registry, `${path} is another`);
  });
}

/** The entry at a place of a log of a size. Throws AuditFault `ledger-broken` where its bundle is missing or damaged. */
export async function entryOf(
  blobs: Pick<LedgerBlobs, 'get'>,
  registry: string,
  index: number,
  size: number,
): Promise<string> {
  const bundle = Math.floor(index / tileWidth);
  const width = widthOf(0, bundle, size);
  const path = entriesPath(bundle, width);
  const bytes = await blobs.get(registry, path);
  const entry = bytes && decodeEntries(bytes, width)?.[index % tileWidth];
  if (entry === undefined) throw brokenLedger(registry, `${path} is missing or damaged`);
  return Buffer.from(entry).toString();
}

/** What files prove, with the fault `ledger-broken` where they are missing or damaged. */
export async function unlessBroken<T>(registry: string, proving: Promise<T>): Promise<T> {
  try {
    return await proving;
  } catch (error) {
    throw error instanceof BrokenLog ? brokenLedger(registry, error.message) : error;
  }
}
