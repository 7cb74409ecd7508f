import type { Log } from './ports.ts';
import type { ReconcileRounds } from './reconcile-registries.ts';
import type { ReconcileSummary, Reconciliation } from './reconcile-repository.ts';

export interface ReconcileNextPorts {
  /** Makes one comparison; `undefined` when the registry is not audited. */
  readonly reconcile: (reconciliation: Reconciliation) => Promise<ReconcileSummary> | undefined;
  readonly rounds: ReconcileRounds;
  readonly log: Log;
}

/**
 * Makes one comparison of a round. One that fails is remembered until it succeeds: what is found missing then may have
 * gone at any time since the last that did. The fault is thrown on, so that the comparison is made again.
 */
export function reconcileNext({ reconcile, rounds, log }: ReconcileNextPorts) {
  return async (reconciliation: Reconciliation, isRepeated: boolean): Promise<void> => {
    const { registry, repository, before, hasFailed } = reconciliation;
    try {
      const summary = await reconcile(reconciliation);
      if (summary === undefined) {
        log.warn('not compared: the registry is not audited', { registry, repository });
        return;
      }
    } catch (error) {
      await rounds.remember(registry, { repository, failed: before === undefined ? {} : { before } });
      throw error;
    }
    if (isRepeated || hasFailed) await rounds.remember(registry, { repository });
  };
}
