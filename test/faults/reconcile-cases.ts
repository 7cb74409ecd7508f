import { AuditFault } from '../../src/audit/fault.ts';
import { rebuildRegistry } from '../../src/audit/rebuild-registry.ts';
import { rebuildRepository } from '../../src/audit/rebuild-repository.ts';
import { reconcileNext } from '../../src/audit/reconcile-next.ts';
import { reconcileRegistries } from '../../src/audit/reconcile-registries.ts';
import { type Reconciliation, reconcileRepository } from '../../src/audit/reconcile-repository.ts';
import { recordFact } from '../../src/audit/record-fact.ts';
import type { AuditRecord } from '../../src/history/fact.ts';
import { comparisons } from '../../src/storage/comparisons.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { knownContent } from '../../src/storage/known-content.ts';
import { reconcileRounds } from '../../src/storage/reconcile-rounds.ts';
import { retellings } from '../../src/storage/retelling.ts';
import { unannouncedChanges } from '../../src/storage/unannounced-changes.ts';
import { unfinishedRecords } from '../../src/storage/unfinished-records.ts';
import { untoldComparisons } from '../../src/storage/untold-comparisons.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { storesOver } from '../builders/history-stores.ts';
import { memoryLeases } from '../builders/memory-leases.ts';
import { memoryRegistryContent } from '../builders/memory-registry-content.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import { damage } from '../component/rebuild/stored-history.ts';
import type { UseCase } from './disturbed-runs.ts';
import { rowsOf } from './ingest-cases.ts';

const registry = 'contoso.azurecr.io';
const repository = 'team/app';
const start = Date.UTC(2026, 4, 2, 14);
const hour = 3_600_000;
const silent = { info() {}, warn() {}, error() {} };

/** A registry that was compared once, and has changed since without an event. */
async function compared(sites: CallSites) {
  const tables = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    inventory: memoryTable(),
    findings: memoryTable(),
  };
  const over = {
    repositories: sites.table(tables.repositories, 'repositories'),
    digests: sites.table(tables.digests, 'digests'),
    log: sites.table(tables.log, 'log'),
    inventory: sites.table(tables.inventory, 'inventory'),
    findings: sites.table(tables.findings, 'findings'),
  };
  const memory = memoryRegistryContent({ pageSize: 2 });
  const lists = ['repositories', 'tags', 'manifests', 'newestManifests'];
  const content = sites.port(memory.content, { dependency: 'registry', name: 'content', lists });
  const clock = { time: start, now: () => clock.time };
  const told = new Set<string>();
  const stores = storesOver(over);
  const { onRecorded } = sites.port(
    { onRecorded: async ({ fact }: AuditRecord) => void told.add(fact.eventId) },
    { dependency: 'queues', name: 'told' },
  );
  const waiting: Reconciliation[] = [];
  const queue = sites.port(
    { waiting: async () => waiting.length, add: async (one: Reconciliation) => void waiting.push(one) },
    { dependency: 'queues', name: 'comparisons' },
  );
  const rounds = reconcileRounds(over.inventory);
  const findings = findingsStore(over.findings);
  const begin = reconcileRegistries({
    contents: new Map([[registry, content]]),
    rounds,
    queue,
    clock,
    log: silent,
  });
  const next = reconcileNext({
    reconcile: (reconciliation, listener, signal) =>
      reconcileRepository({
        ...stores,
        content,
        known: knownContent(over.repositories),
        onRecorded,
        record: recordFact({ ...stores, onRecorded }),
        clock,
        log: silent,
        ...listener,
      })(reconciliation, signal),
    rounds,
    comparisons: comparisons(over.repositories, over.log),
    leases: sites.port(memoryLeases(), { dependency: 'blobs', name: 'leases', once: ['hold'] }),
    changes: unannouncedChanges(over.inventory),
    untold: untoldComparisons(over.inventory, over.repositories),
    findings,
    onRecorded,
    clock,
    log: silent,
  });
  const rebuild = rebuildRegistry({
    lists: {
      async *repositories() {
        yield repository;
      },
      unfinished: (name, of) => unfinishedRecords(over.repositories, over.log, name, of),
    },
    rebuild: rebuildRepository({ begin: retellings(over), log: silent }),
    log: silent,
  });
  const app = memory.repository(repository);
  const [one, two, three] = ['one', 'two', 'three'].map(digestOf);
  if (one === undefined || two === undefined || three === undefined) throw new Error('no digests');
  app.push('prod', one, start - 9_000);
  app.push('stable', one, start - 8_000);
  app.push('old', two, start - 7_000);
  await begin();
  for (const reconciliation of waiting.splice(0)) await next(reconciliation, false);
  clock.time += hour;
  app.pushIndex('next', three, [one], clock.time - 5_000);
  app.push('prod', three, clock.time - 4_000);
  app.untag('stable');
  app.deleteManifest(two);
  const due: Reconciliation = { registry, repository, source: 'reconcile', before: start };
  return {
    tables,
    begin,
    waiting,
    rebuild: async () => {
      const { failed } = await rebuild({ registry, dryRun: false });
      return failed;
    },
    compare: (isRepeated: boolean) => next(due, isRepeated),
    /** Everything that is recorded, and what was told of it. */
    async state() {
      const { repositories, digests, log } = tables;
      const { items } = await findings.page(registry, { statuses: ['open', 'resolved'] }, 100);
      return {
        ...rowsOf({ repositories, digests, log }),
        told: [...told].sort(),
        untold: tables.inventory.rows().filter(({ partitionKey }) => partitionKey.startsWith('untold|')),
        findings: items.map(
          ({
            finding: {
              kind,
              subject,
              detail: { foundAt: _, ...found },
            },
          }) => ({
            kind,
            subject,
            found,
          }),
        ),
        failed: await rounds.failed(registry),
        asked: [...new Set(waiting.map((one_) => JSON.stringify(one_)))],
      };
    },
  };
}

type Compared = Awaited<ReturnType<typeof compared>>;

export const reconcileCases: readonly UseCase<Compared>[] = [
  {
    name: 'round of comparisons begun',
    prepare: compared,
    work: ({ begin }) => begin(),
    // The timer tries again in an hour, and begins no round while comparisons of this one wait.
    state: ({ waiting }) => [...new Set(waiting.map((one) => JSON.stringify(one)))],
  },
  {
    name: 'repository compared with its registry',
    prepare: compared,
    work: ({ compare }) => compare(false),
    again: ({ compare }) => compare(true),
    // The next round asks again for what the registry would not show.
    after: ({ compare }) => compare(false),
    state: ({ state }) => state(),
  },
  {
    name: 'repository rebuilt',
    async prepare(sites) {
      const world = await compared(sites);
      await world.compare(false);
      const { repositories } = world.tables;
      const derived = repositories.rows().filter(({ rowKey }) => /^(t|m|T|o)\|/.test(rowKey));
      for (const [place, row] of derived.entries()) {
        await damage(repositories, row, place % 2 === 0 ? 'removed' : 'edited');
      }
      return world;
    },
    work: async ({ rebuild }) => {
      const failed = await rebuild();
      // The command says how many it could not rebuild, and ends with that.
      if (failed > 0) throw new AuditFault('not-rebuilt', 'no answer to a rebuild', { retryable: true });
    },
    state: ({ state }) => state(),
  },
];
