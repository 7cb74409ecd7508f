import { estate } from '../findings/finding.ts';
import type { Actor } from '../findings/lifecycle.ts';
import type { Source } from '../workloads/source.ts';
import type { Clock, Leases, Log } from './ports.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import {
  type RefreshSourcePorts,
  type RefreshSummary,
  type SourceReading,
  takeReading,
} from './refresh-source.ts';

/** Takes what a source submitted itself, in the place of what it submitted before; `undefined`: no such source may. */
export function submitSnapshot(ports: RefreshSourcePorts) {
  const take = takeReading(ports);
  return async (name: string, reading: SourceReading): Promise<RefreshSummary | undefined> => {
    const source = submittingSource(ports.sources, name);
    return source && take(source, async () => reading);
  };
}

/** The source of that name that reports by itself. */
export function submittingSource(sources: readonly Source[], name: string): Source | undefined {
  return sources.find((source) => source.name === name && source.access.type === 'submitted');
}

/**
 * Says that a source which is in no settings any more is gone for good: what it used ends now, and is recorded so. Until then
 * what it used counts as used, since a name that was mistyped or lost in the settings must not let an image go.
 */
export function retireSource(
  ports: Pick<RefreshSourcePorts, 'sources' | 'claims' | 'states' | 'queue' | 'registries' | 'onChanged'> &
    Pick<ProtectionRecordsPorts, 'outbox' | 'writer' | 'ids'> & {
      readonly clock: Clock;
      readonly leases: Leases;
      readonly log: Log;
    },
) {
  const { sources, claims, states, queue, registries, clock, log } = ports;
  const record = recordStatement(ports);
  return async (
    name: string,
    by: Actor,
    reason: string,
  ): Promise<'retired' | 'unknown' | 'still-configured'> => {
    if (sources.some((source) => source.name === name)) return 'still-configured';
    const state = await states.get(name);
    if (state === undefined || state.retiredAt !== undefined) return 'unknown';
    const now = clock.now();
    const about = { registry: estate, repository: 'inventory' };
    await record(about, 'source-retired', { source: name, by: by.id, byName: by.name, reason }, []);
    const { repositories } = await claims.see(name, [], true, now);
    await states.put({ ...state, retiredAt: now, claims: 0 });
    for (const repository of repositories) {
      if (registries.includes(repository.registry)) await queue.assess(repository);
    }
    await ports.onChanged();
    log.info('source retired', { source: name, by: by.id });
    return 'retired';
  };
}
