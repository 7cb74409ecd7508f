import { recordIdOf } from '../history/record-id.ts';
import { subjectOfTag } from '../protection/referrer-kind.ts';
import { itemKey } from '../retention/item-key.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import type { RetentionPolicy } from '../retention/rule.ts';
import {
  type CarriedItem,
  type CarriedItems,
  type CarriedItemsPorts,
  carriedItems,
  isOpen,
} from './carried-items.ts';
import { AuditFault } from './fault.ts';
import { wholeRegistry } from './holds.ts';
import { type ItemCheck, type ItemChecks, type ItemChecksPorts, itemChecks } from './item-checks.ts';
import { onceRecorded } from './once-recorded.ts';
import type { Leases, Log } from './ports.ts';
import type { RegistryContent } from './registry-content.ts';
import type { DoneItem, PlanHeader, Plans, RegistryDeletions, RetentionQueue } from './retention-ports.ts';

export interface ExecutePlanPorts extends CarriedItemsPorts, Pick<ItemChecksPorts, 'stillGoes'> {
  readonly plans: Plans;
  readonly contents: ReadonlyMap<string, RegistryContent>;
  /** What deletes in each registry, by login server; of none, nothing is ever deleted. */
  readonly deletions: ReadonlyMap<string, RegistryDeletions>;
  readonly policy: Pick<RetentionPolicy, 'mostSurprises' | 'planAge'>;
  readonly queue: Pick<RetentionQueue, 'run'>;
  readonly leases: Leases;
  readonly log: Log;
}

/** Items whose deletion is recorded as intended together: what a run that is cut off may have deleted unreported. */
const itemsAtOnce = 20;

/** Milliseconds after which a run hands on to the next: well within what a function may take. */
const longestTurnMs = 20 * 60_000;

/** Why a run ends before its plan does. */
class StoppedError extends Error {}

/** That a run has taken its time, and another goes on. */
class TurnOverError extends Error {}

interface Run {
  readonly header: PlanHeader;
  readonly content: RegistryContent;
  readonly deletions: RegistryDeletions;
  readonly signal: AbortSignal;
  /** Epoch milliseconds at which it hands on. */
  readonly until: number;
  readonly done: { untagged: number; deleted: number; spared: number };
  surprises: number;
}

/**
 * Carries out a plan that somebody has had run: tags first, then manifests, parents before their children, and what is about
 * others last. Each is looked at again right before it goes, and stays when anything keeps it now; too many of those, or any
 * doubt, end the run. A run that is cut off, or whose turn is over, goes on where it was: what it deleted is known from what
 * it intended. One run of a registry at a time. @throws a retryable AuditFault when storage or the registry does not answer, or another run is under
 * way.
 */
export function executePlan(ports: ExecutePlanPorts) {
  const { plans, contents, deletions, leases, log, clock } = ports;

  async function run(registry: string, id: string, signal: AbortSignal): Promise<PlanHeader | undefined> {
    const stored = await plans.get(registry, id);
    if (stored === undefined) return undefined;
    const { header, version } = stored;
    if (header.state !== 'running') {
      // It may have been cut off before it said so.
      if (header.state === 'done' || header.state === 'stopped') await recordEnd(header);
      return header;
    }
    const come = await carriedOut(header, signal);
    if (come === 'goes-on') {
      await ports.queue.run(registry, id);
      return header;
    }
    const ended: PlanHeader = { ...header, ...come, finishedAt: clock.now() };
    if ((await plans.put(ended, version)) === 'conflict') {
      throw new AuditFault('contention', `the plan ${id} was changed while it ran`, { retryable: true });
    }
    await recordEnd(ended);
    return ended;
  }

  /** How it ended, or that there is more to do. */
  async function carriedOut(
    header: PlanHeader,
    signal: AbortSignal,
  ): Promise<Pick<PlanHeader, 'state' | 'stoppedBecause' | 'done'> | 'goes-on'> {
    const { registry, id } = header;
    const content = contents.get(registry);
    const deleting = deletions.get(registry);
    if (content === undefined || deleting === undefined) {
      return { state: 'stopped', stoppedBecause: 'no identity may delete in this registry' };
    }
    const now = clock.now();
    if (now - (header.executedAt ?? now) > ports.policy.planAge) {
      return { state: 'stopped', stoppedBecause: 'what it rests on is too old by now: make another' };
    }
    const done = { untagged: 0, deleted: 0, spared: 0 };
    const until = now + longestTurnMs;
    const running: Run = { header, content, deletions: deleting, signal, until, done, surprises: 0 };
    try {
      for await (const plan of plans.repositories(registry, id)) {
        if (plan.counts.untag + plan.counts.delete > 0) await carryOut(ports, running, plan);
      }
      return { state: 'done', done };
    } catch (error) {
      if (error instanceof TurnOverError) return 'goes-on';
      const because = reasonToStop(error);
      if (because === undefined) throw error;
      return { state: 'stopped', stoppedBecause: because, done };
    }
  }

  /** Tells how it ended, once. */
  async function recordEnd({ id, registry, state, ...header }: PlanHeader): Promise<void> {
    const { stoppedBecause, done, finishedAt = clock.now() } = header;
    const kind = state === 'done' ? 'retention-finished' : 'retention-stopped';
    const content = {
      plan: id,
      ...(stoppedBecause === undefined ? {} : { because: stoppedBecause }),
      ...done,
    };
    const at = { time: finishedAt, id: recordIdOf(`w.${id}.ended`) };
    await onceRecorded(ports, wholeRegistry(registry)).record(at, { kind, content, states: [] }, new Map());
    log.info('plan run', { registry, ...content, state });
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
  const { header, content, done } = run;
  const { registry, repository } = plan;
  const carried = await carriedItems(ports, { registry, repository }, header);
  const going = inOrder(plan.items.filter(({ action }) => action !== 'keep'));
  const openNow = () => going.filter((item) => isOpen(carried.stateOf(item)));
  let open = openNow();
  // What was said of items, and may not have been written, is so.
  for (let first = open[0]; first !== undefined && (await carried.finishReport(first)); first = open[0]) {
    open = openNow();
  }
  const spared = going.filter((item) => carried.stateOf(item) === 'spared');
  for (const item of going) {
    const state = carried.stateOf(item);
    if (!isOpen(state)) done[state] += 1;
  }
  run.surprises += carried.surprises();
  if (open.length === 0) return;
  checkSurprises(run, ports.policy, spared.at(-1));
  const checks = await itemChecks({ content, stillGoes: ports.stillGoes }, plan, header.createdAt);
  // What an earlier run spared, this one does not know of.
  for (const item of spared) await checks.spare(item);
  const begun = new Set(open.filter((item) => carried.stateOf(item) === 'intended').map(itemKey));
  const work = { repository, carried, checks, begun };
  for (let begin = 0; begin < open.length; begin += itemsAtOnce) {
    await carryOutSome(ports, run, work, open.slice(begin, begin + itemsAtOnce));
  }
}

/** What a run has come to in one repository. */
interface Work {
  readonly repository: string;
  readonly carried: CarriedItems;
  readonly checks: ItemChecks;
  /** Keys of what may have been deleted by this plan, without anybody having said so yet. */
  readonly begun: Set<string>;
}

async function carryOutSome(
  { policy, clock }: ExecutePlanPorts,
  run: Run,
  work: Work,
  items: readonly PlanItem[],
): Promise<void> {
  const { carried, checks } = work;
  run.signal.throwIfAborted();
  await carried.intend(items);
  const results: CarriedItem[] = [];
  try {
    for (const item of items) {
      run.signal.throwIfAborted();
      if (clock.now() > run.until) throw new TurnOverError();
      const isTag = item.tag !== undefined;
      const check = await (isTag ? checks.untag(item) : checks.deletion(item));
      if (check.check === 'stop') throw new StoppedError(check.because);
      const result = await resultOf(check, run, work, item);
      results.push(result);
      if (result.outcome === 'spared') await checks.spare(item);
      if (result.isSurprise) run.surprises += 1;
      checkSurprises(run, policy, result);
    }
  } finally {
    // Whatever ends the run, what it did is reported; what it did not get to stays intended, and is told by the next.
    await carried.report(results);
    for (const { outcome } of results) run.done[outcome] += 1;
  }
}

function checkSurprises(
  { surprises }: Run,
  { mostSurprises }: ExecutePlanPorts['policy'],
  last: Pick<DoneItem, 'tag' | 'digest' | 'because'> | undefined,
): void {
  if (surprises <= mostSurprises) return;
  const named = last === undefined ? '' : `; the last: ${nameOf(last)}`;
  throw new StoppedError(`${surprises} items had changed since the plan${named}`);
}

/** Does what is left to do about an item that was just looked at. */
async function resultOf(
  check: Exclude<ItemCheck, { check: 'stop' }>,
  { deletions }: Run,
  { repository, carried, begun }: Work,
  { tag, digest }: PlanItem,
): Promise<CarriedItem> {
  const item = tag === undefined ? { digest } : { tag, digest };
  const went: CarriedItem = {
    ...item,
    outcome: tag === undefined ? 'deleted' : 'untagged',
    isSurprise: false,
  };
  if (check.check === 'spared') {
    return { ...item, outcome: 'spared', because: check.because, isSurprise: check.isSurprise };
  }
  if (check.check === 'gone') {
    // Begun by a run that was cut off before it could say so, or gone by somebody else's doing.
    if (begun.has(itemKey(item))) return went;
    return { ...item, outcome: 'spared', because: 'it was gone already', isSurprise: false };
  }
  if (check.along.length > 0) {
    await carried.intend(check.along);
    for (const other of check.along) begun.add(itemKey(other));
  }
  const removed =
    tag === undefined
      ? await deletions.deleteManifest(repository, digest)
      : await deletions.untag(repository, tag);
  if (removed.outcome !== 'refused') return went;
  if (removed.code !== 'registry-405') {
    throw new StoppedError(`${removed.code}: the identity that deletes may not delete in ${repository}`);
  }
  const because = 'the registry refused: it is locked';
  return { ...item, outcome: 'spared', because, isSurprise: true };
}

/**
 * The order in which items go: tags that stand for themselves, manifests, and then tags that are about a manifest, which go
 * once that is gone: were it spared, it would have lost its signatures.
 */
function inOrder(going: readonly PlanItem[]): readonly PlanItem[] {
  const tags = going.filter(({ tag }) => tag !== undefined);
  const isAbout = ({ tag = '' }: PlanItem) => subjectOfTag(tag) !== undefined;
  const manifests = going.filter(({ tag }) => tag === undefined);
  return [
    ...tags.filter((tag) => !isAbout(tag)),
    ...manifests.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0)),
    ...tags.filter(isAbout),
  ];
}

function nameOf({ tag, digest, because }: Pick<DoneItem, 'tag' | 'digest' | 'because'>): string {
  return `${tag ?? digest} (${because ?? 'changed'})`;
}
