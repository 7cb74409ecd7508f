import type { HandOverOutcome } from './hand-over-keys.ts';
import type { Leases, Log } from './ports.ts';
import type { Sealed } from './seal-ledger.ts';

export interface SealLedgersPorts {
  /** Whose logs there are by now. */
  readonly registries: () => Promise<readonly string[]>;
  readonly seal: (registry: string, signal: AbortSignal) => Promise<Sealed>;
  readonly leases: Leases;
  readonly log: Log;
}

type Seal = SealLedgersPorts['seal'];

/** Seals a log after a change of its keys was recorded in it, where there is one to record. */
export function sealAfterHandover({
  handOver,
  seal,
  log,
}: {
  readonly handOver: (registry: string) => Promise<HandOverOutcome>;
  readonly seal: Seal;
  readonly log: Log;
}): Seal {
  return async (registry, signal) => {
    const outcome = await handOver(registry);
    if (outcome !== 'none') log.warn('a log is signed by other keys', { registry, outcome });
    return seal(registry, signal);
  };
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
