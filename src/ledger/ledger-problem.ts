/** What can be wrong with a log, with what was witnessed of it, or with the rows that it tells of. */
export type ProblemCode =
  /** There is no checkpoint at all. */
  | 'no-checkpoint'
  /** A file that a checkpoint asks for is not there. */
  | 'missing-file'
  /** A file is not what its path says: cut off, or with something at its end. */
  | 'damaged-file'
  /** A note is no checkpoint, or one of another log. */
  | 'not-a-checkpoint'
  | 'wrong-origin'
  /** A checkpoint stands in the place of another. */
  | 'replayed-checkpoint'
  /** A trusted key is named, and did not sign this. */
  | 'forged-signature'
  /** No trusted key signed it. */
  | 'unknown-key'
  /** An entry is not the one that its tile has the hash of. */
  | 'entry-changed'
  | 'entry-removed'
  | 'entry-inserted'
  | 'entries-swapped'
  /** A tile is not what follows from the entries. */
  | 'tile-differs'
  /** The entries make another root than the one that was signed. */
  | 'wrong-root'
  /** An entry is not RFC 8785 JSON. */
  | 'not-canonical'
  /** An entry is JSON, but no record and no statement of a batch as this version writes them. */
  | 'unknown-shape'
  | 'wrong-registry'
  | 'duplicate-record'
  /** What batches say of themselves is not what they have. */
  | 'wrong-batch'
  /** The log ends before a checkpoint that somebody else kept. */
  | 'older-than-witnessed'
  /** The log is another than the one that somebody else kept a checkpoint of. */
  | 'split-view'
  /** An entry has no row, a row says something else than its entry, or a row has no entry and does not wait for one. */
  | 'row-missing'
  | 'row-differs'
  | 'row-extra';

/** Something that is wrong, by name. Texts in it are from the log: encode them on output. */
export interface Problem {
  readonly code: ProblemCode;
  /** What is wrong, in a sentence. */
  readonly message: string;
  /** The file, or the table and the row. */
  readonly path?: string;
  /** The entry of the log that it begins at, from 0. */
  readonly index?: number;
  /** The last entry that it may be about, where it is about one of several. */
  readonly lastIndex?: number;
  readonly repository?: string;
  readonly recordId?: string;
}

/** Ends a verification: what is wrong is known. */
export class LedgerProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'LedgerProblem';
    this.problem = problem;
  }
}
