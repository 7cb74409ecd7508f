import type { Log } from './ports.ts';
import type { Claims, InventoryQueue } from './workload-ports.ts';

/**
 * Asks for a look at the uses of every repository on which there is, or was, a claim: what only time brings to light, as
 * replicas that still differ, and what was changed elsewhere, as an approval that has ended; and what a look that was cut off
 * had not asked for yet. Each is a message, whatever others asked for, since what they asked for may have been lost.
 */
export function assessClaimed({
  claims,
  queue,
  registries,
  log,
}: {
  readonly claims: Pick<Claims, 'repositories'>;
  readonly queue: Pick<InventoryQueue, 'assess'>;
  /** Login servers of the audited registries. */
  readonly registries: readonly string[];
  readonly log: Log;
}) {
  return async (): Promise<void> => {
    let repositories = 0;
    for (const registry of registries) {
      for await (const repository of claims.repositories(registry)) {
        await queue.assess({ registry, repository });
        repositories += 1;
      }
    }
    log.info('uses to be assessed', { repositories });
  };
}
