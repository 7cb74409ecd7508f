import type { Clock, Log } from './ports.ts';
import type { Reconciliation } from './reconcile-repository.ts';
import type { RegistryContent } from './registry-content.ts';

/** A round of comparisons of a registry: every repository once. */
export interface Round {
  /** Epoch milliseconds at which it began. */
  readonly startedAt: number;
  readonly repositories: number;
  /** Epoch milliseconds at which the round before began: it had ended when this one began. */
  readonly before?: number;
}

/** A repository that was seen in a registry, or that has a history. */
export interface KnownRepository {
  readonly repository: string;
  /** Its last comparison failed; it was compared whole before this, if ever. */
  readonly failed?: { readonly before?: number };
}

/** Remembers rounds. */
export interface ReconcileRounds {
  last(registry: string): Promise<Round | undefined>;
  begin(registry: string, round: Round): Promise<void>;
  repositories(registry: string): AsyncIterable<KnownRepository>;
  remember(registry: string, known: KnownRepository): Promise<void>;
  /** Repositories whose last comparison failed, counted up to 1,000. */
  failed(registry: string): Promise<number>;
  /** The last round, and how many of its comparisons failed, by one query. */
  state(registry: string): Promise<RoundsState>;
}

/** What is known of the rounds of a registry. */
export interface RoundsState {
  readonly last?: Round;
  /** Repositories whose last comparison failed, counted up to 1,000. */
  readonly failed: number;
}

/** Hands comparisons on to be made one by one. */
export interface ReconcileQueue {
  /** Comparisons that wait or are being made, about. */
  waiting(): Promise<number>;
  add(reconciliation: Reconciliation): Promise<void>;
}

export interface ReconcileRegistriesPorts {
  /** The content of each audited registry, by login server. */
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly rounds: ReconcileRounds;
  readonly queue: ReconcileQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Begins a round: one comparison for each repository that a registry lists, or listed once. A round does not begin while
 * comparisons of an earlier one wait, so that no repository is compared twice at once. The first round of a registry is
 * its backfill. One registry that does not answer does not keep the others waiting.
 */
export function reconcileRegistries({ contents, rounds, queue, clock, log }: ReconcileRegistriesPorts) {
  async function beginRound(registry: string, content: RegistryContent): Promise<number> {
    const startedAt = clock.now();
    const last = await rounds.last(registry);
    const source = last === undefined ? 'backfill' : 'reconcile';
    const known = new Map<string, KnownRepository>();
    for await (const one of rounds.repositories(registry)) known.set(one.repository, one);
    for await (const page of content.repositories()) {
      for (const repository of page) {
        if (known.has(repository)) continue;
        known.set(repository, { repository });
        await rounds.remember(registry, { repository });
      }
    }
    for (const { repository, failed } of known.values()) {
      const since = failed === undefined ? last?.startedAt : failed.before;
      await queue.add({
        registry,
        repository,
        source,
        ...(since === undefined ? {} : { before: since }),
        ...(failed === undefined ? {} : { hasFailed: true }),
      });
    }
    const before = last === undefined ? {} : { before: last.startedAt };
    await rounds.begin(registry, { startedAt, repositories: known.size, ...before });
    return known.size;
  }

  return async (): Promise<void> => {
    const waiting = await queue.waiting();
    if (waiting > 0) {
      log.info('no new round: comparisons of the last one wait', { waiting });
      return;
    }
    const failures: unknown[] = [];
    for (const [registry, content] of contents) {
      try {
        log.info('round begun', { registry, repositories: await beginRound(registry, content) });
      } catch (error) {
        failures.push(error);
        log.error('round failed', { registry, error: String(error) });
      }
    }
    if (failures.length > 0) throw failures[0];
  };
}
