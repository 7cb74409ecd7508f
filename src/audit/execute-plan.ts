import type { RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import { itemKey } from '../retention/item-key.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import { type CarriedItems, carriedItems } from './carried-items.ts';
import { AuditFault } from './fault.ts';
import { wholeRegistry } from './holds.ts';
import { type ItemCheck, type ItemChecks, type ItemChecksPorts, itemChecks } from './item-checks.ts';
import type { Leases, Log } from './ports.ts';
import { type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';
import type { DoneItem, PlanHeader, Plans, RegistryDeletions } from './retention-ports.ts';

export interface ExecutePlanPorts extends ProtectionRecordsPorts, Pick<ItemChecksPorts, 'stillGoes'> {
  readonly plans: Plans;
  readonly contents: ReadonlyMap<string, RegistryContent>;
  /** What deletes in each registry, by login server; of none, nothing is ever deleted. */
  readonly deletions: ReadonlyMap<string, RegistryDeletions>;
  readonly policy: { readonly mostSurprises: number };
  readonly leases: Leases;
  readonly log: Log;
}

/** Items whose deletion is recorded as intended together: what a run that is cut off may have deleted unreported. */
const itemsAtOnce = 20;

/** Why a run ends before its plan does. */
class StoppedError extends Error {}

interface Run {
  readonly header: PlanHeader;
  readonly content: RegistryContent;
  readonly deletions: RegistryDeletions;
  readonly signal: AbortSignal;
  readonly done: { untagged: number; deleted: number; spared: number };
  surprises: number;
}

/**
 * Carries out a plan that somebody has had run: tags first, then manifests, parents before their children. Each is looked at
 * again right before it goes, and stays when anything keeps it now; too many of those, or any doubt, end the run. A run that
 * is cut off goes on where it was: what it deleted is known from what it intended. One run of a registry at a time.
 * @throws a retryable AuditFault when storage or the registry does not answer, or another run is under way.
 */
export function executePlan(ports: ExecutePlanPorts) {
  const { plans, contents, deletions, leases, log, clock } = ports;
  const state = recordStatement(ports);

  async function run(registry: string, id: string, signal: AbortSignal): Promise<PlanHeader | undefined> {
    const stored = await plans.get(registry, id);
    if (stored?.header.state !== 'running') return stored?.header;
    const content = contents.get(registry);
    const deleting = deletions.get(registry);
    if (content === undefined || deleting === undefined) {
      return end(stored, { state: 'stopped', stoppedBecause: 'no identity may delete in this registry' });
    }
    const done = { untagged: 0, deleted: 0, spared: 0 };
    const running: Run = { header: stored.header, content, deletions: deleting, signal, done, surprises: 0 };
    try {
      for await (const plan of plans.repositories(registry, id)) {
        if (plan.counts.untag + plan.counts.delete > 0) await carryOut(ports, running, plan);
      }
      return await end(stored, { state: 'done', done });
    } catch (error) {
      const because = reasonToStop(error);
      if (because === undefined) throw error;
      return end(stored, { state: 'stopped', stoppedBecause: because, done });
    }
  }

  async function end(
    { header, version }: { readonly header: PlanHeader; readonly version: string },
    change: Pick<PlanHeader, 'state' | 'stoppedBecause' | 'done'>,
  ): Promise<PlanHeader> {
    const ended: PlanHeader = { ...header, ...change, finishedAt: clock.now() };
    const content: JsonContent = {
      plan: header.id,
      ...(change.stoppedBecause === undefined ? {} : { because: change.stoppedBecause }),
      ...change.done,
    };
    if ((await plans.put(ended, version)) === 'conflict') {
      throw new AuditFault('contention', `the plan ${header.id} was changed while it ran`, {
        retryable: true,
      });
    }
    const kind = change.state === 'done' ? 'retention-finished' : 'retention-stopped';
    await state(wholeRegistry(header.registry), kind, content, []);
    log.info('plan run', { registry: header.registry, ...content, state: ended.state });
    return ended;
  }

  return async (registry: string, id: string): Promise<PlanHeader | undefined> => {
    const ran = await leases.hold(`retention/${registry}`, (signal) => run(registry, id, signal));
    if (ran.held) return ran.result;
    throw new AuditFault('run-under-way', `another plan of ${registry} is running`, { retryable: true });
  };
}

/** What keeps a run from going on, however often it is begun. */
function reasonToStop(error: unknown): string | undefined {
  if (error instanceof StoppedError) return error.message;
  return error instanceof AuditFault && !error.retryable ? `${error.code}: ${error.message}` : undefined;
}

/** Carries out what is planned of one repository. */
async function carryOut(ports: ExecutePlanPorts, run: Run, plan: RepositoryPlan): Promise<void> {
  const { header, content, signal, done } = run;
  const { registry, repository, items } = plan;
  const carried = await carriedItems(ports, { registry, repository }, header.id);
  const going = items.filter(({ action }) => action !== 'keep');
  const open: PlanItem[] = [];
  for (const item of [...tagsOf(going), ...inOrder(going)]) {
    const state = carried.stateOf(item);
    if (state === undefined || state === 'intended') open.push(item);
    else done[state] += 1;
  }
  if (open.length === 0) return;
  const checks = await itemChecks({ content, stillGoes: ports.stillGoes }, plan, header.createdAt);
  // What an earlier run spared, this one does not know of.
  for (const item of inOrder(going)) if (carried.stateOf(item) === 'spared') await checks.spare(item);
  for (let begin = 0; begin < open.length; begin += itemsAtOnce) {
    signal.throwIfAborted();
    await carryOutSome(
      ports,
      run,
      { registry, repository },
      carried,
      checks,
      open.slice(begin, begin + itemsAtOnce),
    );
  }
}

async function carryOutSome(
  { policy }: ExecutePlanPorts,
  run: Run,
  { repository }: RepositoryId,
  carried: CarriedItems,
  checks: ItemChecks,
  items: readonly PlanItem[],
): Promise<void> {
  const begun = new Set(items.filter((item) => carried.stateOf(item) === 'intended').map(itemKey));
  await carried.intend(items.filter((item) => !begun.has(itemKey(item))));
  const results: DoneItem[] = [];
  try {
    for (const item of items) {
      run.signal.throwIfAborted();
      const isTag = item.tag !== undefined;
      const check = await (isTag ? checks.untag(item) : checks.deletion(item));
      if (check.check === 'stop') throw new StoppedError(check.because);
      const result = await resultOf(check, run, repository, item, begun.has(itemKey(item)));
      results.push(result.done);
      if (result.done.outcome === 'spared') await checks.spare(item);
      if (result.isSurprise) run.surprises += 1;
      if (run.surprises > policy.mostSurprises) {
        throw new StoppedError(
          `${run.surprises} items had changed since the plan; the last: ${nameOf(result.done)}`,
        );
      }
    }
  } finally {
    // Whatever ends the run, what it did is reported; what it did not get to stays intended, and is told by the next.
    await carried.report(results);
    for (const { outcome } of results) run.done[outcome] += 1;
  }
}

/** Does what is left to do about an item that was just looked at. */
async function resultOf(
  check: Exclude<ItemCheck, { check: 'stop' }>,
  { deletions }: Run,
  repository: string,
  { tag, digest }: PlanItem,
  wasBegun: boolean,
): Promise<{ readonly done: DoneItem; readonly isSurprise: boolean }> {
  const item = tag === undefined ? { digest } : { tag, digest };
  const went = tag === undefined ? ('deleted' as const) : ('untagged' as const);
  if (check.check === 'spared') {
    return { done: { ...item, outcome: 'spared', because: check.because }, isSurprise: check.isSurprise };
  }
  if (check.check === 'gone') {
    // Begun by a run that was cut off before it could say so, or gone by somebody else's doing.
    const done: DoneItem = wasBegun
      ? { ...item, outcome: went }
      : { ...item, outcome: 'spared', because: 'it was gone already' };
    return { done, isSurprise: false };
  }
  const removed =
    tag === undefined
      ? await deletions.deleteManifest(repository, digest)
      : await deletions.untag(repository, tag);
  if (removed.outcome !== 'refused') return { done: { ...item, outcome: went }, isSurprise: false };
  if (removed.code !== 'registry-405') {
    throw new StoppedError(`${removed.code}: the identity that deletes may not delete in ${repository}`);
  }
  return {
    done: { ...item, outcome: 'spared', because: 'the registry refused: it is locked' },
    isSurprise: true,
  };
}

function tagsOf(going: readonly PlanItem[]): readonly PlanItem[] {
  return going.filter(({ tag }) => tag !== undefined);
}

function inOrder(going: readonly PlanItem[]): readonly PlanItem[] {
  return going.filter(({ tag }) => tag === undefined).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}

function nameOf({ tag, digest, because }: DoneItem): string {
  return `${tag ?? digest} (${because ?? 'changed'})`;
}
