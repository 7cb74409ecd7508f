import type { Figure } from './figure.ts';

/** How much is measured. */
export interface BenchOptions {
  /** The largest sizes too, which take minutes. */
  readonly full: boolean;
}

/** Something that is measured. */
export interface Bench {
  readonly name: string;
  /** What is measured, in a sentence. */
  readonly measures: string;
  /** What limits the figures, in a sentence. */
  readonly limit: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

/** What a bench printed, and under what conditions. */
export interface Measurement {
  readonly bench: string;
  readonly figures: readonly Figure[];
  /** The average number of processes that wanted a processor in the minute before it began. */
  readonly load: number;
  readonly seconds: number;
  readonly startedAt: Date;
}
