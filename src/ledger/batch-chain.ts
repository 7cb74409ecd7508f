import type { StatedHorizon } from './batch-closing.ts';
import { LedgerProblem, type ProblemCode } from './ledger-problem.ts';
import type { RecordedBatch } from './recorded-batch.ts';

/**
 * Follows what batches say of themselves: each begins where the one before ended, has as many records as it says, and ends
 * with that statement, where a checkpoint was signed. It is told every entry in order.
 */
export function batchChain() {
  const horizons = new Map<string, number>();
  let from = 0;
  /** The first statement of the batch that ends, and how many there were. */
  let closing: { readonly batch: RecordedBatch; readonly at: number; readonly parts: number } | undefined;
  let batches = 0;
  let sealedAt: number | undefined;

  function wrong(index: number, message: string, code: ProblemCode = 'wrong-batch', path?: string): never {
    throw new LedgerProblem({ code, message, index, ...(path === undefined ? {} : { path }) });
  }

  /** Nothing may follow on a batch's end before the next checkpoint: it was taken away. */
  function lacksCheckpoint(index: number): never {
    const path = `checkpoints/${index}`;
    wrong(index, `the batch from ${from} ends at ${index}, and ${path} is missing`, 'missing-file', path);
  }

  return {
    /** A record, at an index. */
    record(index: number): void {
      if (closing !== undefined) lacksCheckpoint(index);
    },
    /** A statement of a batch, at an index. */
    statement(index: number, batch: RecordedBatch): void {
      if (closing !== undefined && batch.from === index) lacksCheckpoint(index);
      const first = closing ?? { batch, at: index, parts: 0 };
      if (batch.from !== from) wrong(index, `entry ${index} ends a batch from ${batch.from}, not ${from}`);
      if (batch.part !== first.parts) wrong(index, `entry ${index} is part ${batch.part} of a batch's end`);
      if (batch.records !== first.at - from) {
        wrong(index, `the batch from ${from} has ${first.at - from} records, and says ${batch.records}`);
      }
      if (batch.sealedAt !== first.batch.sealedAt) wrong(index, `entry ${index} is of another time`);
      closing = { ...first, parts: first.parts + 1 };
      sealedAt = batch.sealedAt;
      for (const { repository, comparedAt } of batch.horizons) {
        horizons.set(repository, Math.max(comparedAt, horizons.get(repository) ?? 0));
      }
    },
    /** A checkpoint, at a size. */
    checkpoint(size: number): void {
      if (closing === undefined)
        wrong(size - 1, `the batch from ${from} to ${size} does not say what it has`);
      from = size;
      closing = undefined;
      batches += 1;
    },
    summary: (): ChainSummary => ({
      batches,
      ...(sealedAt === undefined ? {} : { sealedAt }),
      horizons: [...horizons].map(([repository, comparedAt]) => ({ repository, comparedAt })),
    }),
  };
}

/** What the batches of a log say, together. */
export interface ChainSummary {
  readonly batches: number;
  /** When the last batch was sealed, by itself: epoch milliseconds. */
  readonly sealedAt?: number;
  /** Until when each repository's history is stated to be complete. */
  readonly horizons: readonly StatedHorizon[];
}
