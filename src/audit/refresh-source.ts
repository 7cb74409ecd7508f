import type { InventoryReading, ReadingProblem } from '../workloads/claim.ts';
import { claimsOf } from '../workloads/claim-reading.ts';
import type { Source } from '../workloads/source.ts';
import { AuditFault } from './fault.ts';
import type { InventorySource } from './inventory-ports.ts';
import type { Clock, Leases, Log } from './ports.ts';
import type { ClaimChanges, Claims, InventoryQueue, SourceStates } from './workload-ports.ts';

export interface RefreshSourcePorts {
  readonly sources: readonly Source[];
  /** How each source that is asked is reached; those that report by themselves are not here. */
  readonly inventories: ReadonlyMap<string, InventorySource>;
  readonly claims: Claims;
  readonly states: SourceStates;
  readonly queue: InventoryQueue;
  /** Login servers of the audited registries. */
  readonly registries: readonly string[];
  /** Called when what can be concluded from the sources may have changed. */
  readonly onChanged: () => Promise<void>;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a look at a source came to. */
export interface RefreshSummary extends Omit<ClaimChanges, 'repositories'> {
  readonly source: string;
  readonly isComplete: boolean;
  readonly claims: number;
  readonly problems: readonly ReadingProblem[];
  readonly problemCount: number;
}

/** What is kept of problems, for people. */
const mostProblems = 20;

/** What is read of a source, and what whoever submitted it says of it. */
export interface SourceReading {
  readonly reading: InventoryReading;
  /** Whether whoever reports says that it is all. */
  readonly isWhole: boolean;
  /** Milliseconds for which it holds. */
  readonly ttl?: number;
}

/**
 * Takes what a source reports: its claims begin, go on or end, and what can be concluded from it is kept. Only a complete look
 * ends claims. One look at a source at a time: a retryable AuditFault says that another is under way.
 */
export function takeReading(ports: RefreshSourcePorts) {
  const { claims, states, queue, registries, leases, clock, log } = ports;

  async function take(
    source: Source,
    read: (signal: AbortSignal) => Promise<SourceReading>,
    signal: AbortSignal,
  ): Promise<RefreshSummary> {
    // Before the look: what began since may not be in it.
    const at = clock.now();
    const before = await states.get(source.name);
    const { reading, isWhole, ttl } = await read(signal);
    const understood = claimsOf(source, reading, at);
    const isComplete = isWhole && understood.problems.length === 0;
    const changed = await claims.see(source.name, understood.claims, isComplete, at, signal);
    const problems = understood.problems.slice(0, mostProblems).map(bounded);
    const completeAt = isComplete ? at : before?.completeAt;
    const isSaidPartial = !isWhole && understood.problems.length === 0;
    await states.put({
      source: source.name,
      lookedAt: at,
      problems: isSaidPartial ? [{ where: source.name, problem: 'says that it is not all' }] : problems,
      problemCount: isSaidPartial ? 1 : understood.problems.length,
      claims: understood.claims.length,
      ...(completeAt === undefined ? {} : { completeAt }),
      ...(ttl === undefined ? {} : { ttl }),
    });
    for (const repository of changed.repositories) {
      if (registries.includes(repository.registry)) await queue.assess(repository);
    }
    await ports.onChanged();
    const { begun, ended } = changed;
    const summary = { source: source.name, isComplete, claims: understood.claims.length, begun, ended };
    log.info('source read', { ...summary, problems: understood.problems.length });
    return { ...summary, problems, problemCount: understood.problems.length };
  }

  return async (
    source: Source,
    read: (signal: AbortSignal) => Promise<SourceReading>,
  ): Promise<RefreshSummary> => {
    const held = await leases.hold(`inventory/${source.name}`, (signal) => take(source, read, signal));
    if (held.held) return held.result;
    throw new AuditFault('look-under-way', `${source.name} is being read already`, { retryable: true });
  };
}

/** Reads one source that is asked; one that reports by itself, or is in no settings any more, is left alone. */
export function refreshSource(ports: RefreshSourcePorts) {
  const take = takeReading(ports);
  return async (name: string): Promise<void> => {
    const source = ports.sources.find((one) => one.name === name);
    const inventory = ports.inventories.get(name);
    if (source === undefined || inventory === undefined) return;
    await take(source, async (signal) => ({ reading: await inventory.read(signal), isWhole: true }));
  };
}

/** Asks for a look at every source that is asked. */
export function refreshInventory({
  inventories,
  queue,
  log,
}: Pick<RefreshSourcePorts, 'inventories' | 'queue' | 'log'>) {
  return async (): Promise<void> => {
    for (const name of inventories.keys()) await queue.refresh(name);
    log.info('inventory begun', { sources: inventories.size });
  };
}

function bounded({ where, problem }: ReadingProblem): ReadingProblem {
  return { where: where.slice(0, 300), problem: problem.slice(0, 500) };
}
