import type { RepositoryId } from '../history/fact.ts';
import type { Applicant } from '../protection/approval-judgement.ts';
import type { Pattern } from '../registry/pattern.ts';
import { capWatch } from '../retention/caps.ts';
import { classifyRepository } from '../retention/classify.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import { type Hashing, planHash } from '../retention/plan-hash.ts';
import type { RepositoryContent } from '../retention/repository-content.ts';
import type { RetentionPolicy } from '../retention/rule.ts';
import type { SourceCoverage } from '../workloads/coverage.ts';
import { approvalId } from './approval-id.ts';
import { AuditFault } from './fault.ts';
import { type FreedPorts, freedByPlan } from './freed-by-plan.ts';
import type { Progress } from './history-pages.ts';
import type { Clock, Leases, Log } from './ports.ts';
import type { Ids } from './protection-ports.ts';
import type {
  PlanCounts,
  PlanHeader,
  PlanInputs,
  RecordedContents,
  RetentionQueue,
} from './retention-ports.ts';
import { doubtsOf } from './still-goes.ts';

export interface PlanRetentionPorts extends FreedPorts {
  readonly queue: Pick<RetentionQueue, 'make'>;
  readonly contents: Pick<RecordedContents, 'repositories'>;
  readonly content: (repository: RepositoryId) => Promise<RepositoryContent>;
  readonly coverage: () => Promise<readonly SourceCoverage[]>;
  readonly progress: Pick<Progress, 'of'>;
  readonly policy: RetentionPolicy;
  /** SHA-256 of the policy, in hexadecimal. */
  readonly policyHash: string;
  readonly hashing: () => Hashing;
  readonly pattern: (text: string) => Pattern;
  /** Whether soft delete is on; `undefined` when it is not known. */
  readonly softDelete: (registry: string) => Promise<boolean | undefined>;
  readonly ids: Ids;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
}

/** Blocks that a header names; it says how many more there are. */
const mostBlocks = 100;

const nothing: PlanCounts = { repositories: 0, tags: 0, manifests: 0, untag: 0, delete: 0 };

/** Begins a plan: it is made soon, and not while somebody waits. */
export function beginPlan({
  plans,
  queue,
  policyHash,
  ids,
  clock,
}: Pick<PlanRetentionPorts, 'plans' | 'queue' | 'policyHash' | 'ids' | 'clock'>) {
  return async (registry: string, repositories: string | undefined, by: Applicant): Promise<PlanHeader> => {
    const createdAt = clock.now();
    const header: PlanHeader = {
      id: approvalId(createdAt, ids.random()),
      registry,
      state: 'making',
      createdAt,
      createdBy: by.id,
      inputs: { sources: [], policyHash },
      counts: nothing,
      freed: { atLeast: 0, atMost: 0 },
      blocks: [],
      hash: '',
      ...(repositories === undefined ? {} : { repositories }),
    };
    await plans.put(header);
    await queue.make(registry, header.id);
    return header;
  };
}

/**
 * Makes a plan that was begun: reads what is recorded of each repository, says of every tag and manifest what becomes of it
 * and why, one repository at a time, and what keeps the whole of it from running. After being cut off it goes on where it
 * was. @throws a retryable AuditFault when storage does not answer.
 */
export function makePlan(ports: PlanRetentionPorts) {
  const { plans, contents, policy, policyHash, leases, clock, log } = ports;

  async function make(registry: string, id: string, signal: AbortSignal): Promise<PlanHeader | undefined> {
    const stored = await plans.get(registry, id);
    if (stored === undefined || stored.header.state !== 'making') return stored?.header;
    // What a run that was cut off has decided was decided by the policy of then.
    if (stored.header.inputs.policyHash !== policyHash) return outdated(stored);
    const inputs = await inputsOf(ports, registry);
    const hash = planHash(ports.hashing(), { registry, inputs: inputs.hashed, policy });
    const watch = capWatch(policy.caps);
    const blocks = [...inputs.blocks];
    const isAbout = stored.header.repositories && ports.pattern(stored.header.repositories);
    let counts = nothing;
    const take = (plan: RepositoryPlan) => {
      hash.add(plan);
      blocks.push(...plan.blocks);
      counts = sum(counts, plan.counts);
    };
    let last = '';
    // What a run that was cut off has decided stays decided.
    for await (const plan of plans.repositories(registry, id)) {
      watch.add(plan);
      take(plan);
      last = orderOf(plan.repository);
    }
    for await (const repository of contents.repositories(registry)) {
      if (orderOf(repository) <= last || (isAbout && !isAbout.matches(repository))) continue;
      signal.throwIfAborted();
      const decided = await decide(ports, { registry, repository });
      const plan = { ...decided, blocks: [...decided.blocks, ...watch.add(decided)] };
      await plans.write(id, plan);
      take(plan);
    }
    blocks.push(...watch.whole());
    const softDelete = await ports.softDelete(registry);
    const made: PlanHeader = {
      ...stored.header,
      state: blocks.length > 0 ? 'blocked' : 'ready',
      // The clock of its age is that of what it was made from.
      createdAt: inputs.at,
      inputs: inputs.hashed,
      counts,
      caps: policy.caps,
      freed: await freedByPlan(ports)(stored.header, counts),
      blocks: bounded(blocks),
      hash: hash.digest(),
      ...(softDelete === undefined ? {} : { softDelete }),
    };
    await end(made, stored.version);
    log.info('plan made', { registry, id, state: made.state, ...counts, at: clock.now(), policyHash });
    return made;
  }

  async function outdated({ header, version }: StoredPlan): Promise<PlanHeader> {
    const stoppedBecause = 'the policy was changed while it was made';
    const failed: PlanHeader = { ...header, state: 'failed', stoppedBecause };
    await end(failed, version);
    log.warn('plan given up', { registry: header.registry, id: header.id, because: stoppedBecause });
    return failed;
  }

  async function end(header: PlanHeader, version: string): Promise<void> {
    if ((await plans.put(header, version)) === 'written') return;
    throw new AuditFault('contention', `the plan ${header.id} was changed while it was made`, {
      retryable: true,
    });
  }

  return async (registry: string, id: string): Promise<PlanHeader | undefined> => {
    const made = await leases.hold(`retention-plan/${registry}/${id}`, (signal) =>
      make(registry, id, signal),
    );
    if (made.held) return made.result;
    throw new AuditFault('plan-under-way', `the plan ${id} is being made already`, { retryable: true });
  };
}

interface StoredPlan {
  readonly header: PlanHeader;
  readonly version: string;
}

async function inputsOf(
  { coverage, progress, policyHash, clock }: PlanRetentionPorts,
  registry: string,
): Promise<{ readonly hashed: PlanInputs; readonly blocks: readonly string[]; readonly at: number }> {
  const at = clock.now();
  const [sources, { lastEventAt }] = await Promise.all([coverage(), progress.of(registry)]);
  return {
    at,
    hashed: {
      policyHash,
      sources: sources.map(({ source, condition, state }) => ({
        source,
        condition,
        ...(state?.completeAt === undefined ? {} : { completeAt: state.completeAt }),
      })),
      ...(lastEventAt === undefined ? {} : { historyAt: lastEventAt }),
    },
    blocks: doubtsOf(sources).map(({ code, detail }) => `${code}: ${detail}`),
  };
}

/** What becomes of a repository; where it could not be read, nothing does, and the plan is partial. */
async function decide(
  { content, policy }: Pick<PlanRetentionPorts, 'content' | 'policy'>,
  repository: RepositoryId,
): Promise<RepositoryPlan> {
  try {
    const items = classifyRepository(await content(repository), policy);
    return { ...repository, items, counts: countsOf(items), blocks: [] };
  } catch (error) {
    if (!(error instanceof AuditFault) || error.retryable) throw error;
    return {
      ...repository,
      items: [],
      counts: countsOf([]),
      blocks: [`${repository.registry}/${repository.repository}: could not be read (${error.code})`],
    };
  }
}

/** Plans and repositories are listed in this order. */
function orderOf(repository: string): string {
  return repository.replaceAll('/', ':');
}

function countsOf(items: readonly PlanItem[]): RepositoryPlan['counts'] {
  const counts = { tags: 0, manifests: 0, untag: 0, delete: 0 };
  for (const { tag, action } of items) {
    counts[tag === undefined ? 'manifests' : 'tags'] += 1;
    if (action !== 'keep') counts[action] += 1;
  }
  return counts;
}

function sum(counts: PlanCounts, more: RepositoryPlan['counts']): PlanCounts {
  return {
    repositories: counts.repositories + 1,
    tags: counts.tags + more.tags,
    manifests: counts.manifests + more.manifests,
    untag: counts.untag + more.untag,
    delete: counts.delete + more.delete,
  };
}

function bounded(blocks: readonly string[]): readonly string[] {
  const more = blocks.length - mostBlocks;
  return more > 0 ? [...blocks.slice(0, mostBlocks), `and ${more} more`] : blocks;
}
