import { createHash } from 'node:crypto';
import type { LedgerBlobs } from '../../src/audit/ledger-ports.ts';
import { readCheckpoint } from '../../src/ledger/checkpoint.ts';
import { rootFromTiles } from '../../src/ledger/proof.ts';
import { type VerifierKey, verifyNote } from '../../src/ledger/signed-note.ts';
import { decodeEntries, entriesPath, tileWidth } from '../../src/ledger/tile.ts';
import { announcedPartition, logPartition } from '../../src/storage/keys.ts';
import { rowsOf, type Table } from '../../src/storage/row.ts';

/** All entries of a log of a size, read from its bundles. Throws where one is missing or damaged. */
async function entriesOf(
  blobs: Pick<LedgerBlobs, 'get'>,
  registry: string,
  size: number,
): Promise<readonly string[]> {
  const entries: string[] = [];
  for (let index = 0; index * tileWidth < size; index += 1) {
    const width = Math.min(tileWidth, size - index * tileWidth);
    const bytes = await blobs.get(registry, entriesPath(index, width));
    const some = bytes && decodeEntries(bytes, width);
    if (some === undefined) throw new Error(`${entriesPath(index, width)} is missing or damaged`);
    entries.push(...some.map((entry) => Buffer.from(entry).toString()));
  }
  return entries;
}

/** A log's head as its tables tell it, its signature and root held to its files. Throws where they differ. */
export async function provenLog(
  { log, blobs }: { readonly log: Table; readonly blobs: Pick<LedgerBlobs, 'get'> },
  registry: string,
  keys: readonly VerifierKey[],
) {
  const head = await log.get(logPartition(registry), 'head');
  const verdict = verifyNote(String(head?.columns['checkpoint']), keys);
  const checkpoint = verdict.ok ? readCheckpoint(verdict.text) : undefined;
  if (checkpoint === undefined) throw new Error('the head is not signed');
  const root = await rootFromTiles(checkpoint.size, (path) => blobs.get(registry, path));
  if (!Buffer.from(root).equals(checkpoint.root)) throw new Error('the tiles make another root');
  return { size: checkpoint.size, entries: await entriesOf(blobs, registry, checkpoint.size) };
}

/** Where the rows of a log say that its records are, and what still waits. */
export async function markedRecords(log: Table, registry: string) {
  const [places, waiting] = [new Map<number, string>(), [] as string[]];
  for await (const row of rowsOf(log, {
    partitionKey: announcedPartition(registry),
    from: '',
    before: '~~',
  })) {
    if (row.rowKey.startsWith('~q|')) waiting.push(row.rowKey);
    const index = row.columns['logIndex'];
    if (index !== undefined && !row.rowKey.startsWith('~i|')) {
      if (places.has(Number(index))) throw new Error(`two records at ${index}`);
      places.set(Number(index), String(row.columns['leaf']));
    }
  }
  return { places, waiting };
}

/** A text of its own for each number, such as names of records. */
export function nameOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('hex').slice(0, 32);
}
