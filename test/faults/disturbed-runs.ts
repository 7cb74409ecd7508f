import { expect } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import { type CallSite, type CallSites, callSites, type FaultKind } from '../builders/call-sites.ts';
import { chanceOf } from '../builders/restless-table.ts';

/** What chance decides is decided by this: `FAULT_SEED`. */
const faultSeed = Number(process.env['FAULT_SEED'] ?? 20_260_502);
/** How often everything is run, each time by another seed: `FAULT_RUNS`. */
const faultRuns = Number(process.env['FAULT_RUNS'] ?? 1);

/** What is run undisturbed, and then with a fault at each of its calls. */
export interface UseCase<World> {
  readonly name: string;
  /** Makes everything anew, undisturbed; ports are wrapped in the sites. */
  prepare(sites: CallSites): Promise<World>;
  /** What is disturbed. */
  work(world: World): Promise<unknown>;
  /** What the platform or the caller does after it failed; the work again unless told. */
  again?(world: World): Promise<unknown>;
  /** What the clock brings in any case, after a success too. */
  after?(world: World): Promise<unknown>;
  /** What has to be the same as without the fault. */
  state(world: World): unknown;
  /** What must hold the moment after the fault, whatever became of it; `thrown` is what the work ended with. */
  meanwhile?(world: World, thrown: unknown): unknown;
  /** Kinds that make no sense here, and why is said where it is left out. */
  readonly without?: readonly FaultKind[];
}

/** What was run of one use case, of one dependency. */
export interface FaultRow {
  readonly useCase: string;
  readonly dependency: string;
  readonly calls: number;
  readonly kinds: readonly string[];
  readonly runs: number;
}

const allKinds: readonly FaultKind[] = ['refused', 'down', 'lost', 'repeated', 'slow', 'short', 'denied'];
/** Deliveries of a queue's message, as host.json has it. */
const mostAttempts = 20;

async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    // A timer that does several things tells all that failed.
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
    return first ?? new Error('nothing was thrown');
  }
}

/**
 * Runs a use case undisturbed, then with each kind of fault at each of its calls; heals, repeats what failed, and expects the
 * state of the undisturbed run. Answers what was run, by dependency.
 */
export async function disturb<World>(useCase: UseCase<World>): Promise<readonly FaultRow[]> {
  const calm = await undisturbed(useCase);
  expect(calm.calls.length).toBeGreaterThan(0);
  const runs = new Map<string, number>();
  const kinds = allKinds.filter((kind) => !useCase.without?.includes(kind));
  for (let run = 0; run < faultRuns; run += 1) {
    const seed = faultSeed + run;
    for (const kind of kinds) {
      for (const [at, site] of calm.calls.entries()) {
        if (!isMeant(kind, at, site)) continue;
        await disturbedOnce(useCase, calm.state, { kind, at, site, seed });
        runs.set(site.dependency, (runs.get(site.dependency) ?? 0) + 1);
      }
    }
  }
  return [...runs].map(([dependency, count]) => ({
    useCase: useCase.name,
    dependency,
    calls: calm.calls.filter((site) => site.dependency === dependency).length,
    kinds,
    runs: count,
  }));
}

/** Whether a kind differs from the others at a call. */
function isMeant(kind: FaultKind, at: number, { dependency, call }: CallSite): boolean {
  const isRead = dependency === 'tables' && /(get|page)$/.test(call);
  switch (kind) {
    case 'lost':
    case 'repeated':
      // A reading that is lost, or made twice, is a reading that was refused, or made once.
      return !isRead;
    case 'short':
      return /(page|repositories|tags|manifests|newestManifests|waiting)$/i.test(call);
    case 'slow':
      // Once: every call of a run is slow.
      return at === 0;
    case 'denied':
      // A receiver of alerts that refuses for good is not asked again: the log says so, and the finding stays.
      return dependency !== 'alerts';
    default:
      return true;
  }
}

async function undisturbed<World>(useCase: UseCase<World>) {
  const sites = callSites();
  const world = await useCase.prepare(sites);
  sites.watch();
  await useCase.work(world);
  const { calls } = sites;
  sites.heal();
  await useCase.after?.(world);
  return { calls, state: await useCase.state(world) };
}

interface Disturbance {
  readonly kind: FaultKind;
  readonly at: number;
  readonly site: CallSite;
  readonly seed: number;
}

async function disturbedOnce<World>(
  useCase: UseCase<World>,
  expected: unknown,
  { kind, at, site, seed }: Disturbance,
): Promise<void> {
  const where = `FAULT_SEED=${seed}: ${useCase.name}, ${kind} at call ${at} (${site.dependency}: ${site.call})`;
  const sites = callSites();
  const world = await useCase.prepare(sites);
  sites.watch({ kind, at, chance: chanceOf(seed + at) });
  const thrown = await outcomeOf(() => useCase.work(world));
  sites.heal();
  if (thrown !== undefined && !(thrown instanceof AuditFault)) {
    throw new Error(`${where}: ended with what is no fault of the surroundings`, { cause: thrown });
  }
  if (thrown instanceof AuditFault && kind !== 'denied' && !thrown.retryable) {
    throw new Error(`${where}: a fault that passes was taken for one that does not`, { cause: thrown });
  }
  if (thrown !== undefined && (kind === 'slow' || kind === 'short') && !isBrokenList(thrown)) {
    throw new Error(`${where}: failed, though everything was answered`, { cause: thrown });
  }
  await held(where, () => useCase.meanwhile?.(world, thrown));
  let last: unknown = thrown;
  for (let attempt = 1; last !== undefined && attempt < mostAttempts; attempt += 1) {
    last = await outcomeOf(() => (useCase.again ?? useCase.work)(world));
  }
  if (last !== undefined) throw new Error(`${where}: never healed`, { cause: last });
  await useCase.after?.(world);
  await held(where, async () => expect(await useCase.state(world)).toEqual(expected));
}

function isBrokenList(thrown: unknown): boolean {
  return thrown instanceof AuditFault && thrown.retryable && thrown.message.startsWith('no answer to ');
}

async function held(where: string, check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Lines of the table of what was run, in Markdown. */
export function faultTable(rows: readonly FaultRow[]): string {
  return rows
    .map(
      ({ useCase, dependency, calls, kinds, runs }) =>
        `| ${useCase} | ${dependency} | ${calls} | ${kinds.join(', ')} | ${runs} |`,
    )
    .join('\n');
}
