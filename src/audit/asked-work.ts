import type { RepositoryId } from '../history/fact.ts';
import type { Clock } from './ports.ts';

/**
 * Milliseconds by which the clocks of two instances may differ here. Where they differ by more, and by less than what a lease
 * refuses, work that was asked for may be taken for done until the timer asks anew.
 */
const clockSkewMs = 5_000;

/** Remembers when work on each repository began. */
export interface BegunTimes {
  /** When the last one began that was ended well, in epoch milliseconds. */
  lastBegun(repository: RepositoryId): Promise<number | undefined>;
  note(repository: RepositoryId, begun: number): Promise<void>;
}

export interface AskedWorkPorts {
  readonly work: (repository: RepositoryId) => Promise<unknown>;
  readonly begun: BegunTimes;
  readonly clock: Clock;
}

/**
 * Does work on a repository that was asked for at a time (epoch milliseconds), unless some was done that began after it:
 * that has seen what this was asked for. Each push asks, so under load there is more asking than work can be done.
 * Without a time, as in older messages, it is always done. What fails is not remembered.
 */
export function askedWork({ work, begun, clock }: AskedWorkPorts) {
  return async (repository: RepositoryId, askedAt?: number): Promise<'done' | 'done-since'> => {
    const last = askedAt === undefined ? undefined : await begun.lastBegun(repository);
    if (askedAt !== undefined && last !== undefined && last > askedAt + clockSkewMs) return 'done-since';
    const now = clock.now();
    await work(repository);
    await begun.note(repository, now);
    return 'done';
  };
}
