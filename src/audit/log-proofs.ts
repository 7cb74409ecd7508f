import type { RepositoryId } from '../history/fact.ts';
import type { PackRecord } from '../ledger/evidence-pack.ts';
import { type FileReader, inclusionProofs } from '../ledger/proof.ts';
import { type RecordedBatch, readBatch } from '../ledger/recorded-batch.ts';
import { entryOf, unlessBroken } from './ledger-files.ts';
import type { LedgerBlobs } from './ledger-ports.ts';

/** Bundles of entries that are kept at once: they are large, and asked for in the order of the log. */
const mostBundles = 64;

/** The files of logs, each read once, whatever is proven by them: all tiles, and bundles of entries for a while. */
export function filesOnce({ get }: Pick<LedgerBlobs, 'get'>): Pick<LedgerBlobs, 'get'> {
  const files = new Map<string, ReturnType<FileReader>>();
  const bundles = new Map<string, ReturnType<FileReader>>();
  return {
    get(registry, path) {
      const name = `${registry}/${path}`;
      const kept = path.startsWith('tile/entries/') ? bundles : files;
      const found = kept.get(name) ?? get(registry, path);
      kept.set(name, found);
      const [oldest] = bundles.keys();
      if (oldest !== undefined && bundles.size > mostBundles) bundles.delete(oldest);
      return found;
    },
  };
}

/** The entries of a log of a size, each with its proof. Throws AuditFault `ledger-broken`. */
export function provenEntries(
  blobs: Pick<LedgerBlobs, 'get'>,
  registry: string,
  size: number,
): (index: number) => Promise<PackRecord> {
  const proofOf = inclusionProofs(size, (path) => blobs.get(registry, path));
  return async (index) => {
    const [leaf, hashes] = await Promise.all([
      entryOf(blobs, registry, index, size),
      unlessBroken(registry, proofOf(index)),
    ]);
    return { registry, index, leaf, proof: hashes.map((hash) => Buffer.from(hash).toString('base64')) };
  };
}

/** Where a log states until when a repository's history is complete. */
export interface FoundHorizon {
  readonly index: number;
  /** Epoch milliseconds. */
  readonly comparedAt: number;
}

/** Entries at the end of a log among which a horizon is looked for, and batches. */
const mostEntries = 20_000;
const mostBatches = 2_000;

/**
 * The newest statement of a log that a repository's history is complete until a time; `undefined` where the end of the log
 * has none. Batches are gone through backwards: each ends with what it states, and says where the one before ended.
 */
export async function newestHorizon(
  blobs: Pick<LedgerBlobs, 'get'>,
  { registry, repository }: RepositoryId,
  size: number,
): Promise<FoundHorizon | undefined> {
  let index = size - 1;
  for (let batches = 0; batches < mostBatches && index >= 0 && size - index <= mostEntries; ) {
    const batch: RecordedBatch | undefined = readBatch(await entryOf(blobs, registry, index, size));
    // Whatever ends otherwise was not written by a sealer: whoever verifies the whole log is told so.
    if (batch === undefined || batch.from > index) return undefined;
    const comparedAt = batch.horizons.find((one) => one.repository === repository)?.comparedAt;
    if (comparedAt !== undefined) return { index, comparedAt };
    if (batch.part > 0) index -= 1;
    else {
      index = batch.from - 1;
      batches += 1;
    }
  }
  return undefined;
}
