import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { apiReference } from './api/openapi-route.ts';
import { registerRoutes } from './api/route.ts';
import { routeTable } from './api/route-table.ts';
import { approvalWindows } from './audit/approvals.ts';
import { clockChecked } from './audit/clock-checked.ts';
import { deliverAlerts, tellAtOnce } from './audit/deliver-alerts.ts';
import { escalateFindings } from './audit/escalate-findings.ts';
import { holdsOf } from './audit/holds.ts';
import { measureState } from './audit/measure-state.ts';
import { measuredEvents, measuredFindings, measuredSink } from './audit/measured.ts';
import { keptPreflight } from './audit/preflight.ts';
import { recordQueuedEvents, rejectPoisonMessage } from './audit/queued-events.ts';
import { reconcileNext } from './audit/reconcile-next.ts';
import { reconcileRegistries } from './audit/reconcile-registries.ts';
import { reconcileRepository } from './audit/reconcile-repository.ts';
import { recordEvent } from './audit/record-event.ts';
import { recordFact } from './audit/record-fact.ts';
import { rejectMessage } from './audit/reject-message.ts';
import { replayDeadLetters } from './audit/replay-dead-letters.ts';
import { registerDashboard } from './dashboard/registration.ts';
import { estate } from './findings/finding.ts';
import { registerAttribution } from './functions/attribution.ts';
import { registerDeadLetters } from './functions/dead-letters.ts';
import { registerInventory } from './functions/inventory.ts';
import { invocationLog, registerInvocationLog } from './functions/invocation-log.ts';
import { registerLedger } from './functions/ledger.ts';
import { registerMeasurements } from './functions/measurements.ts';
import { openTelemetryMetrics } from './functions/open-telemetry-metrics.ts';
import { registerProtection } from './functions/protection.ts';
import { registerReconciliation } from './functions/reconcile.ts';
import { registerRegistryEvents } from './functions/registry-events.ts';
import { registerRegistryEventsQueue } from './functions/registry-events-queue.ts';
import { registerRetention } from './functions/retention.ts';
import type { AuditRecord } from './history/fact.ts';
import { sinksOf } from './main-alerts.ts';
import { connectionsOf } from './main-connections.ts';
import { ledgerOf } from './main-ledger.ts';
import { attributionOf, privacyOf } from './main-people.ts';
import { protectionOf } from './main-protection.ts';
import { retentionOf } from './main-retention.ts';
import { workloadsOf } from './main-workloads.ts';
import { readSettings } from './settings.ts';
import { alertOutbox } from './storage/alert-outbox.ts';
import { announcements } from './storage/announcements.ts';
import { attributionProgress } from './storage/attribution-progress.ts';
import { comparisons } from './storage/comparisons.ts';
import { connectedLogs } from './storage/connected-logs.ts';
import { deadLetters } from './storage/dead-letters.ts';
import { digestSearch } from './storage/digest-search.ts';
import { evidenceReader } from './storage/evidence-reader.ts';
import { findingsStore } from './storage/findings.ts';
import { historyPages } from './storage/history-pages.ts';
import { historyReader, historyWriter } from './storage/history-store.ts';
import { assessQueueName, refreshQueueName } from './storage/inventory-queue.ts';
import { knownContent } from './storage/known-content.ts';
import { leases, leasesContainer } from './storage/leases.ts';
import { outbox } from './storage/outbox.ts';
import { progress as progressOf } from './storage/progress.ts';
import { reconcileQueue, reconcileQueueName } from './storage/reconcile-queue.ts';
import { knownNames, reconcileRounds } from './storage/reconcile-rounds.ts';
import { recordedRepositories } from './storage/recorded-repositories.ts';
import { rejections } from './storage/rejections.ts';
import { repositoryNames } from './storage/repository-names.ts';
import { repositoryTags } from './storage/repository-tags.ts';
import { stateReader } from './storage/state-reader.ts';
import { statementPages } from './storage/statement-pages.ts';
import { storageClockCheck } from './storage/storage-clock.ts';
import { unannouncedChanges } from './storage/unannounced-changes.ts';
import { untoldComparisons } from './storage/untold-comparisons.ts';

/** A file of the app's own folder, where the host starts it. */
function readText(path: string): string | undefined {
  const file = resolve(process.env['AzureWebJobsScriptRoot'] ?? '.', path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

// The composition root: the only place that reads the environment and knows every adapter.
const settings = readSettings(process.env, readText);
// As in host.json, which the platform reads and the app does not.
const maxDequeueCount = 20;
const clock = { now: () => Date.now() };
registerInvocationLog();
const log = invocationLog();
const metrics = openTelemetryMetrics();
const measuring = { metrics, clock };
const { identity, registryCredential, clientOf, tables, queues, blobs, contents, ...credentials } =
  connectionsOf(settings);
const registries = [...contents.keys()];

const pages = historyPages(tables.repositories, tables.log);
const progress = progressOf(tables.log, tables.rejected);
const history = {
  reader: historyReader(tables.repositories),
  writer: historyWriter(tables.repositories, tables.digests),
  outbox: outbox(tables.log, connectedLogs(tables.log, [...registries, estate])),
};
const rounds = reconcileRounds(tables.inventory);
const queue = reconcileQueue(queues.getQueueClient(reconcileQueueName));

const alerts = alertOutbox(tables.findings, log);
const sinks = sinksOf(settings.alerts, { identity, clock, log }).map((sink) => measuredSink(sink, measuring));
const telling = { alerts, sinks, ...history, clock, log };
// Told at once, and by the timer when that fails: whoever raised it does not wait.
const findings = findingsStore(tables.findings, measuredFindings(metrics, tellAtOnce(telling)));
const changes = unannouncedChanges(tables.inventory);
const letters = deadLetters(blobs);
const lease = leases(blobs, { clock });
const checkClock = storageClockCheck(blobs, leasesContainer, clock);
const dated = clockChecked(checkClock);

const privacy = privacyOf(settings, identity);
const ids = {
  random: () => randomBytes(6).toString('hex'),
  of: (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12),
};
const states = stateReader(tables.repositories);
const statements = { ...history, states, clock, ids };
const holds = holdsOf(states);
const windows = approvalWindows({ states, holds, clock });
const workloads = workloadsOf({
  settings,
  tables,
  queues,
  identity: registryCredential,
  registryCredential,
  contents,
  reader: history.reader,
  pages,
  statements,
  findings,
  windows,
  leases: lease,
  readText,
  clock,
  log,
});
const protection = protectionOf({
  settings,
  tables,
  queues,
  credential: credentials.lockerCredential,
  contents,
  statements,
  pseudonyms: privacy.ports,
  windows,
  holds,
  uses: workloads.uses,
  findings,
  leases: lease,
  dated,
  metrics,
  log,
});
const stores = {
  ...history,
  ...privacy.ports,
  async onRecorded(record: AuditRecord) {
    await protection.onRecorded(record);
    await workloads.onRecorded(record);
  },
};

const ingest = {
  ...stores,
  rejections: privacy.rejections(rejections(tables.rejected)),
  clock,
  checkClock,
  log,
};
const record = measuredEvents(recordEvent(settings.registries, ingest), measuring);

registerRegistryEvents(record);
registerRegistryEventsQueue({
  record: recordQueuedEvents({ ...ingest, record }),
  reject: rejectPoisonMessage(ingest, maxDequeueCount),
});
registerDeadLetters(replayDeadLetters({ deadLetters: letters, record, clock, log }));
registerReconciliation({
  beginRounds: dated(reconcileRegistries({ contents, rounds, queue, clock, log })),
  reconcile: reconcileNext({
    reconcile: (reconciliation, listener, signal) => {
      const content = contents.get(reconciliation.registry);
      if (content === undefined) return undefined;
      const known = knownContent(tables.repositories);
      const ports = { ...stores, content, known, record: recordFact(stores), clock, log, ...listener };
      return reconcileRepository(ports)(reconciliation, signal);
    },
    rounds,
    comparisons: comparisons(tables.repositories, tables.log),
    leases: lease,
    changes,
    untold: untoldComparisons(tables.inventory, tables.repositories),
    onRecorded: stores.onRecorded,
    findings,
    clock,
    log,
  }),
  reject: rejectMessage(ingest, 'comparison-failed'),
  queueName: reconcileQueueName,
});

const attribute = attributionOf(settings.logs, {
  ...history,
  ...privacy.ports,
  identity,
  pages,
  progress: attributionProgress(tables.inventory),
  clock,
  log,
});
if (attribute !== undefined) registerAttribution(dated(attribute));
registerProtection({ ...protection.functions, reject: rejectMessage(ingest, 'enforcement-failed') });
const { assessVulnerabilities } = workloads;
registerInventory({
  refreshInventory: workloads.refreshInventory,
  refreshSource: workloads.refreshSource,
  assessUses: workloads.assessUses,
  assessSources: workloads.assessSources,
  assessClaimed: workloads.assessClaimed,
  ...(assessVulnerabilities === undefined ? {} : { assessVulnerabilities }),
  assessRegistrySettings: workloads.assessRegistrySettings,
  escalateFindings: escalateFindings({ findings, registries, clock, log }),
  deliverAlerts: deliverAlerts({ ...telling, registries }),
  reject: rejectMessage(ingest, 'look-failed'),
  refreshQueueName,
  assessQueueName,
});
const retention = retentionOf({
  settings,
  tables,
  queues,
  blobs,
  credential: credentials.deleterCredential,
  recorded: (registry) => recordedRepositories(clientOf('repositories'), registry),
  contents,
  uses: workloads.usesPorts,
  links: workloads.links,
  registrySettings: workloads.registrySettings,
  reader: history.reader,
  pages,
  windows,
  holds,
  progress,
  statements,
  leases: lease,
  dated,
  log,
});
registerRetention({ ...retention, reject: rejectMessage(ingest, 'plan-failed') });

const ledger = ledgerOf({
  settings,
  tables,
  blobs,
  identity,
  leases: lease,
  metrics,
  reader: history.reader,
  outbox: history.outbox,
  pages,
  links: workloads.links,
  usesOverTime: workloads.usesOverTime,
  clock,
  log,
});
if (ledger.seal !== undefined) registerLedger(ledger.seal);

/** Milliseconds after a start before grants are tried, so that what started the app does not wait. */
const preflightDelayMs = 20_000;
// On one machine one credential stands in for all identities, which tells nothing of grants.
const permissions =
  settings.auth === 'development'
    ? () => ({ state: 'not-checked' }) as const
    : keptPreflight({
        async run() {
          const { preflightOf } = await import('./main-preflight.ts');
          return preflightOf({ settings, environment: process.env, contents, clock, log })();
        },
        later: (begin) => void setTimeout(begin, preflightDelayMs).unref(),
        clock,
      });
registerMeasurements(
  measureState({
    registries,
    rounds,
    queue,
    deadLetters: letters,
    coverage: workloads.inventory.coverage,
    ...ledger.measured,
    metrics,
    clock,
    log,
  }),
);

const evidence = evidenceReader(tables.repositories);
const status = {
  progress,
  rounds,
  queue,
  changes,
  deadLetters: letters,
  coverage: workloads.inventory.coverage,
  ledger,
  permissions,
  clock,
};
const records = statementPages(tables.repositories);
const routes = routeTable({
  registries: settings.registries,
  pages,
  pseudonyms: privacy.ports.pseudonyms,
  evidence,
  records,
  findings,
  listUses: workloads.listUses,
  inventory: workloads.inventory,
  status,
  approvals: protection.approvals,
  holding: protection.holding,
  check: retention.check,
  plans: retention.plans,
  restore: retention.restore,
  verify: protection.verify,
  ledger: [...ledger.routes, ledger.evidence],
});
const reference = apiReference(routes);
registerRoutes([...routes, reference.route], settings.auth);
registerDashboard(async () => {
  const { dashboardOf } = await import('./dashboard/dashboard.ts');
  return dashboardOf(settings.registries, settings.auth, {
    ...{ clock, evidence, findings, ledger, pages, records, status, windows },
    approvals: protection.approvals,
    index: protection.index,
    listUses: workloads.listUses,
    announcements: announcements(tables.log),
    environments: settings.policy?.environments,
    names: repositoryNames({
      known: knownNames(tables.inventory),
      announcements: announcements(tables.log),
      recorded: (registry, after) => recordedRepositories(clientOf('repositories'), registry, after),
    }),
    listWorkloads: workloads.listWorkloads,
    tagEntries: workloads.tagEntries,
    tags: repositoryTags(tables.repositories),
    digests: digestSearch(clientOf('digests')),
    plans: retention.plans,
    reference: reference.document,
  });
});
