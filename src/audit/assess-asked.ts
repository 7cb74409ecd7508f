import type { RepositoryId } from '../history/fact.ts';
import type { Clock } from './ports.ts';
import type { UseLooks } from './workload-ports.ts';

/** Milliseconds by which the clocks of two instances may differ. */
const clockSkewMs = 5_000;

export interface AssessAskedPorts {
  readonly assess: (repository: RepositoryId) => Promise<void>;
  readonly looks: UseLooks;
  readonly clock: Clock;
}

/**
 * Makes a look at a repository's uses that was asked for at a time, unless one was made that began after it: that one has
 * seen what this was asked for. Each push of a repository in use asks, so under load there are more askings than looks
 * can be made. Without a time, as older messages are, it is always made. One that fails is not remembered.
 */
export function assessAsked({ assess, looks, clock }: AssessAskedPorts) {
  return async (repository: RepositoryId, askedAt?: number): Promise<'looked' | 'seen'> => {
    const last = askedAt === undefined ? undefined : await looks.lastBegun(repository);
    if (askedAt !== undefined && last !== undefined && last > askedAt + clockSkewMs) return 'seen';
    const begun = clock.now();
    await assess(repository);
    await looks.note(repository, begun);
    return 'looked';
  };
}
