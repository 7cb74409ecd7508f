import type { RepositoryId } from '../history/fact.ts';
import { AuditFault } from './fault.ts';
import type { Clock } from './ports.ts';

/** How far the asking for work on a repository has got, and the work. */
export interface Turns {
  /** How many times it was begun. */
  readonly begun: number;
  /** The highest number of a begin after which it ended well; 0 where none did. */
  readonly done: number;
  /** Whether a message is on its way that will begin it once more. */
  readonly isAsked: boolean;
  /** When it was begun last, in epoch milliseconds by the clock of whoever did. */
  readonly begunAt?: number;
}

/** Remembers turns. What is read is never older than what was written before. */
export interface TurnRecords {
  read(repository: RepositoryId): Promise<{ readonly turns: Turns; readonly version: string } | undefined>;
  /** Writes over what was read, or where nothing was; `changed`: somebody else wrote meanwhile. */
  write(repository: RepositoryId, turns: Turns, over: string | undefined): Promise<'written' | 'changed'>;
}

/** Milliseconds between two begins on a repository that pushes ask for: the first begins at once. */
const betweenBeginsMs = 10_000;
const mostAttempts = 32;
const none: Turns = { begun: 0, done: 0, isAsked: false };

export interface AskForWorkPorts {
  readonly turns: TurnRecords;
  /** Has work begun after some milliseconds; whoever does it is told after which begin it was asked for. */
  readonly send: (repository: RepositoryId, afterTurn: number, delayMs: number) => Promise<void>;
  readonly clock: Clock;
}

/**
 * Asks for work on a repository that sees whatever was written before, unless it is asked for already: each push asks. That
 * it is asked for is written after the message was sent, and only over what was read before it, so that a crash at any place
 * leads to more work and never to less. No clock decides anything but how long the message is held back.
 */
export function askForWork({ turns, send, clock }: AskForWorkPorts) {
  return async (repository: RepositoryId): Promise<void> => {
    const known = await turns.read(repository);
    const before = known?.turns ?? none;
    if (before.isAsked) return;
    const sinceBegin = Math.max(0, clock.now() - (before.begunAt ?? 0));
    await send(repository, before.begun, Math.max(0, betweenBeginsMs - sinceBegin));
    // If work has begun since, this is not written, and what comes next asks again.
    await turns.write(repository, { ...before, isAsked: true }, known?.version);
  };
}

export interface AskedWorkPorts {
  readonly work: (repository: RepositoryId) => Promise<unknown>;
  readonly turns: TurnRecords;
  readonly clock: Clock;
}

/**
 * Does work on a repository that was asked for after its begin of a number, unless some that was begun later has ended well:
 * that has seen what this was asked for. Without a number, as the timer asks, it is always done.
 * @throws a retryable AuditFault `contention` when others wrote too often meanwhile.
 */
export function askedWork({ work, turns, clock }: AskedWorkPorts) {
  async function change(
    repository: RepositoryId,
    next: (before: Turns) => Turns | undefined,
  ): Promise<Turns> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const known = await turns.read(repository);
      const before = known?.turns ?? none;
      const after = next(before);
      if (after === undefined) return before;
      if ((await turns.write(repository, after, known?.version)) === 'written') return after;
    }
    throw new AuditFault('contention', `work on ${repository.repository} is asked for too often at once`, {
      retryable: true,
    });
  }

  return async (repository: RepositoryId, afterTurn?: number): Promise<'done' | 'done-since'> => {
    let isDone = false;
    const { begun } = await change(repository, (before) => {
      isDone = afterTurn !== undefined && before.done > afterTurn;
      return isDone
        ? undefined
        : { ...before, begun: before.begun + 1, isAsked: false, begunAt: clock.now() };
    });
    if (isDone) return 'done-since';
    await work(repository);
    await change(repository, (before) => (before.done >= begun ? undefined : { ...before, done: begun }));
    return 'done';
  };
}
