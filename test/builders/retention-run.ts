import { registryDeletions } from '../../src/acr/registry-deletions.ts';
import { executePlan } from '../../src/audit/execute-plan.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { PlanHeader, RegistryDeletions } from '../../src/audit/retention-ports.ts';
import type { Statement } from '../../src/history/statement.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import type { Digest } from '../../src/registry/digest.ts';
import type { KeepReason } from '../../src/retention/keep-reason.ts';
import type { PlanItem } from '../../src/retention/plan.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import type { TestRegistry } from '../component/acr/test-registry.ts';
import { storesOver } from './history-stores.ts';
import { memoryLeases } from './memory-leases.ts';
import { memoryPlans } from './memory-plans.ts';
import { memoryTable } from './memory-table.ts';
import { accessTo, credential } from './registry-access.ts';

/** What a run did about one item, as it was recorded. */
export interface ReportedItem {
  readonly tag?: string;
  readonly digest: string;
  readonly outcome: string;
  readonly because?: string;
}

/** Runs plans of one repository against a registry that is there, read and deleted in through the SDK. */
export function retentionRun(registry: TestRegistry, { repository = 'team/app', mostSurprises = 5 } = {}) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const { loginServer } = registry;
  const clock = { now: () => Date.now() };
  let made = 0;
  const ids = {
    random() {
      made += 1;
      return String(made).padStart(12, '0');
    },
    of: (text: string) => text.slice(0, 12),
  };
  const plans = memoryPlans();
  const handedOn: string[] = [];
  const keeps = new Map<string, readonly KeepReason[]>();
  const { content } = accessTo(registry);
  const deletions = registryDeletions({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(),
    perMinute: 1_000_000,
    retry: { attempts: 1 },
  });
  const quiet = () => undefined;
  const ports = {
    ...storesOver(tables),
    states: stateReader(tables.repositories),
    clock,
    ids,
    plans,
    contents: new Map([[loginServer, content]]),
    deletions: new Map([[loginServer, deletions]]),
    policy: { mostSurprises, planAge: 86_400_000 },
    queue: { run: async (_: string, plan: string) => void handedOn.push(plan) },
    stillGoes: async (_: unknown, { tag, digest }: PlanItem) => keeps.get(tag ?? digest) ?? [],
    leases: memoryLeases(),
    log: { info: quiet, warn: quiet, error: quiet },
  };
  const id = '8232000000000-0123456789ab';

  return {
    ports,
    /** Plans that a run has handed on to the next. */
    handedOn,
    content,
    repository,
    /** Why something stays after all, by tag or digest. */
    keeps,
    /** Writes a plan that somebody has approved and has had run. */
    async plan(items: readonly PlanItem[]): Promise<void> {
      const count = (isTag: boolean, action?: PlanItem['action']) =>
        items.filter((item) => (item.tag !== undefined) === isTag && (!action || item.action === action))
          .length;
      const counts = {
        tags: count(true),
        manifests: count(false),
        untag: count(true, 'untag'),
        delete: count(false, 'delete'),
      };
      await plans.write(id, { registry: loginServer, repository, items, counts, blocks: [] });
      const header: PlanHeader = {
        id,
        registry: loginServer,
        state: 'running',
        createdAt: Date.now() + 3_600_000,
        createdBy: 'planner',
        inputs: { sources: [], policyHash: '0' },
        counts: { ...counts, repositories: 1 },
        freed: { atLeast: 0, atMost: 0 },
        blocks: [],
        hash: '0',
        approvedBy: 'approver',
        executedBy: 'executor',
        executedAt: Date.now(),
      };
      await plans.put(header);
    },
    /** Runs it, with some ports in place of others. */
    run: (over: { readonly content?: RegistryContent; readonly deletions?: RegistryDeletions } = {}) =>
      executePlan({
        ...ports,
        ...(over.content === undefined ? {} : { contents: new Map([[loginServer, over.content]]) }),
        ...(over.deletions === undefined ? {} : { deletions: new Map([[loginServer, over.deletions]]) }),
      })(loginServer, id),
    header: async () => (await plans.get(loginServer, id))?.header,
    statements(of = repository): readonly Statement[] {
      return tables.repositories
        .rows()
        .filter(({ rowKey, partitionKey }) => {
          return rowKey.startsWith('S|') && partitionKey === `${loginServer}|${of.replaceAll('/', ':')}`;
        })
        .flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? [])
        .reverse();
    },
    /** Everything reported of a repository's items, oldest first. */
    reported(): readonly ReportedItem[] {
      return this.statements()
        .filter(({ kind }) => kind === 'retention-done')
        .flatMap(({ content: { items } }) => JSON.parse(JSON.stringify(items)) as readonly ReportedItem[]);
    },
    tables,
  };
}

/** What goes: a tag, or a manifest at a place in the order. */
export function goingTag(tag: string, digest: Digest): PlanItem {
  return { tag, digest, action: 'untag', reasons: [] };
}
export function goingManifest(digest: Digest, order: number): PlanItem {
  return { digest, action: 'delete', reasons: [], order };
}
export function kept(digest: Digest): PlanItem {
  return { digest, action: 'keep', reasons: [{ code: 'no-rule' }] };
}

/** A fault that may be repeated. */
export function cutOff(): AuditFault {
  return new AuditFault('cut-off', 'the process ended here', { retryable: true });
}
