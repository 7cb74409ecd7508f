/** A blob of events that Event Grid gave up delivering. */
export interface DeadLetter {
  readonly name: string;
  /** Size of the content. */
  readonly bytes: number;
  /** Changes with the content; opaque. */
  readonly version: string;
  /** The content as UTF-8, of any size; `undefined` when it is gone meanwhile. */
  read(): Promise<string | undefined>;
}

/** The dead letters of the registries' subscriptions. Every call may be repeated. */
export interface DeadLetters {
  /** Those that wait to be replayed, in an order that stays the same. */
  waiting(): AsyncIterable<DeadLetter>;
  /**
   * Puts one aside whose events are all settled. The content is kept. One that is gone meanwhile was put aside by
   * another; one that changed since it was listed is a retryable fault.
   */
  done(letter: DeadLetter): Promise<void>;
  /** Puts one aside that cannot be read, with the reason. The content is kept. */
  quarantine(letter: DeadLetter, reason: string): Promise<void>;
  counts(): Promise<DeadLetterCounts>;
}

/** How many dead letters there are, each counted up to 1,000. */
export interface DeadLetterCounts {
  readonly waiting: number;
  readonly quarantined: number;
}
