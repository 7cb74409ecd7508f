import type { Leases, Log } from './ports.ts';
import type { Sealed } from './seal-ledger.ts';

export interface SealLedgersPorts {
  /** Whose logs there are by now. */
  readonly registries: () => Promise<readonly string[]>;
  readonly seal: (registry: string, signal: AbortSignal) => Promise<Sealed>;
  readonly leases: Leases;
  readonly log: Log;
}

/**
 * Seals the logs of all registries, each by one sealer at a time: two would do each other's work. Throws an AggregateError
 * of what failed, after the others are sealed.
 */
export function sealLedgers({ registries, seal, leases, log }: SealLedgersPorts) {
  return async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const registry of await registries()) {
      try {
        await leases.hold(`seal-${registry}`, (signal) => seal(registry, signal));
      } catch (error) {
        log.error('a log was not sealed', { registry, error: String(error) });
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} logs were not sealed`);
  };
}
