import { canonicalContent } from './canonical-record.ts';
import { maxEntryLength } from './tile.ts';

/** Until when a repository's history is complete: it was compared whole with its registry at that time. */
export interface StatedHorizon {
  readonly repository: string;
  /** Epoch milliseconds. */
  readonly comparedAt: number;
}

/** What a batch says of itself. */
export interface BatchStatement {
  readonly registry: string;
  /** Entries of the log before the batch. */
  readonly from: number;
  /** Records of the batch. */
  readonly records: number;
  /** Epoch milliseconds. */
  readonly sealedAt: number;
  /** What is newly known since it was stated last. */
  readonly horizons: readonly StatedHorizon[];
}

/** The kind of the entries that batches end with. No record of a registry has it. */
export const batchKind = 'sealed-batch';

/** Horizons of an entry: repositories have names of up to 256 characters, and an entry up to 65,535 bytes. */
const mostHorizons = 180;

/**
 * The entries that a batch ends with: what it has, and until when histories are known to be complete. "No push between two
 * times" is shown by them, with the entries before. One entry, more where there are many horizons.
 */
export function batchClosing({
  registry,
  from,
  records,
  sealedAt,
  horizons,
}: BatchStatement): readonly string[] {
  const count = Math.max(1, Math.ceil(horizons.length / mostHorizons));
  return Array.from({ length: count }, (_, part) => {
    const some = horizons.slice(part * mostHorizons, (part + 1) * mostHorizons);
    const text = canonicalContent({
      version: 1,
      kind: batchKind,
      recordId: `batch-${from}-${part}`,
      registry,
      from,
      records,
      sealedAt: new Date(sealedAt).toISOString(),
      horizons: Object.fromEntries(
        some.map(({ repository, comparedAt }) => [repository, new Date(comparedAt).toISOString()]),
      ),
    });
    if (Buffer.byteLength(text) > maxEntryLength) throw new RangeError('a batch states too many horizons');
    return text;
  });
}
