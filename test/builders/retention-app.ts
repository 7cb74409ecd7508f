import { createHash, randomBytes } from 'node:crypto';
import { checkRetention } from '../../src/audit/check-retention.ts';
import { holdsOf, placeHold } from '../../src/audit/holds.ts';
import { listDecisions } from '../../src/audit/list-decisions.ts';
import { manifestLayers } from '../../src/audit/manifest-layers.ts';
import { beginPlan, makePlan } from '../../src/audit/plan-retention.ts';
import { reconcileRepository } from '../../src/audit/reconcile-repository.ts';
import { recordFact } from '../../src/audit/record-fact.ts';
import { repositoryContent } from '../../src/audit/repository-content.ts';
import { sourceCoverage } from '../../src/audit/uses.ts';
import { parseReference } from '../../src/registry/reference.ts';
import type { RetentionPolicy } from '../../src/retention/rule.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { comparisons } from '../../src/storage/comparisons.ts';
import { historyReader } from '../../src/storage/history-store.ts';
import { knownContent } from '../../src/storage/known-content.ts';
import { recordedContents } from '../../src/storage/recorded-contents.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import type { Wrapping } from './call-sites.ts';
import { storesOver } from './history-stores.ts';
import { type InUseApp, type InUseAppOptions, inUseApp, usedRegistry } from './in-use-app.ts';
import { memoryPlans } from './memory-plans.ts';
import { patternOf, policyOf } from './retention-content.ts';

/** Milliseconds of a day. */
export const day = 86_400_000;

/** What decides what may go, over an {@link inUseApp}: its registry is compared when a test says so. */
export function retentionApp(options: InUseAppOptions & { readonly policy?: never } = {}) {
  const app: InUseApp = inUseApp(options);
  const { repositories } = app.tables;
  const { sites } = options;
  const given = { ...app.tables, ...options.tables };
  const over =
    sites === undefined
      ? given
      : {
          repositories: sites.table(given.repositories, 'repositories'),
          digests: sites.table(given.digests, 'digests'),
          log: sites.table(given.log, 'log'),
          inventory: sites.table(given.inventory, 'inventory'),
          workloads: sites.table(given.workloads, 'workloads'),
        };
  const around = <T extends object>(port: T, wrapping: Wrapping): T => sites?.port(port, wrapping) ?? port;
  const settings: { policy: RetentionPolicy | undefined; policyHash: string } = {
    policy: policyOf(),
    policyHash: 'a'.repeat(64),
  };
  const stores = storesOver(over);
  const states = stateReader(over.repositories);
  const queries: string[] = [];
  async function* names(registry: string): AsyncGenerator<string> {
    const partitions = new Set(repositories.rows().map(({ partitionKey }) => partitionKey));
    for (const partition of [...partitions].sort()) {
      const [of, name] = partition.split('|');
      if (of === registry && name !== undefined) yield name.replaceAll(':', '/');
    }
  }
  /** The queries that are made of a table. */
  const counted = (table: typeof over.repositories, of: string): typeof table => ({
    ...table,
    get(...asked) {
      queries.push(`${of} get`);
      return table.get(...asked);
    },
    page(range, ...rest) {
      queries.push(`${of} ${range.partitionKey} ${range.from}`);
      return table.page(range, ...rest);
    },
  });
  const read = counted(over.repositories, 'repositories');
  const contents = recordedContents(read, names);
  const ports = {
    get sources() {
      return app.settings.sources;
    },
    states: sourceStates(counted(over.inventory, 'inventory')),
    claims: claimsStore(counted(over.workloads, 'workloads'), over.inventory),
    tags: historyReader(read),
    clock: app.clock,
    contents,
    holds: holdsOf(stateReader(read)),
  };
  const compared = comparisons(over.repositories, over.log);

  const plans = around(memoryPlans(), { dependency: 'plans', name: 'plans', lists: ['repositories'] });
  const waiting: { readonly make?: string; readonly run?: string }[] = [];
  const queue = around(
    {
      make: async (_: string, make: string) => void waiting.push({ make }),
      run: async (_: string, run: string) => void waiting.push({ run }),
    },
    { dependency: 'queues', name: 'retention' },
  );
  const hashing = () => {
    const hash = createHash('sha256');
    return { update: (text: string) => void hash.update(text), digest: () => hash.digest('hex') };
  };
  const ids = { random: () => randomBytes(6).toString('hex'), of: () => 'f'.repeat(12) };
  /** What plans are made by, with the policy as it is now. */
  const planning = () => ({
    ...stores,
    plans,
    queue,
    contents,
    content: repositoryContent(ports),
    coverage: sourceCoverage(ports),
    progress: { of: async () => ({ rejected: 0, lastEventAt: app.clock.time - 1 }) },
    policy: settings.policy ?? policyOf(),
    policyHash: settings.policyHash,
    hashing,
    pattern: patternOf,
    softDelete: async () => undefined,
    layers: manifestLayers(app.readers),
    leases: app.leases,
    canDelete: true,
    ids,
    clock: app.clock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const somebody = { id: 'planner', name: 'Planner', roles: [] };

  return {
    ...app,
    plans,
    waiting,
    planning,
    beginPlan: (repositories?: string) => beginPlan(planning())(usedRegistry, repositories, somebody),
    makePlan: (id: string) => makePlan(planning())(usedRegistry, id),
    decisions: listDecisions({ plans }),
    ports,
    contents,
    queries,
    policy: settings,
    content: (repository = 'team/app') => repositoryContent(ports)({ registry: usedRegistry, repository }),
    /** Checks references of the registry, such as `team/app:1.0`. */
    check: (...references: readonly string[]) =>
      checkRetention({
        registries: new Set([usedRegistry]),
        coverage: sourceCoverage(ports),
        holds: ports.holds,
        content: repositoryContent(ports),
        policy: settings.policy,
      })(references.map(asked)),
    hold: placeHold({ ...stores, states, clock: app.clock, ids }),
    /** Compares a repository whole, as a round does. */
    async compare(repository = 'team/app'): Promise<void> {
      const startedAt = app.clock.now();
      await reconcileRepository({
        content: app.readers.get(usedRegistry) ?? app.registry.content,
        ...stores,
        known: knownContent(over.repositories),
        record: recordFact(stores),
        clock: app.clock,
        log: { info: () => {}, warn: () => {}, error: () => {} },
      })({ registry: usedRegistry, repository, source: 'reconcile' });
      await compared.note({ registry: usedRegistry, repository }, startedAt);
    },
    /** Has every source say that it runs nothing, or what is given. */
    async idle(): Promise<void> {
      await app.report('aks-prod', []);
      await app.report('compose', []);
    },
  };
}

function asked(image: string) {
  const reading = parseReference(image);
  if (!reading.ok) throw new Error(reading.problem);
  return { registry: usedRegistry, ...reading.reference, image };
}

export type RetentionApp = ReturnType<typeof retentionApp>;
