import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenCredential } from '@azure/core-auth';
import { QueueServiceClient } from '@azure/storage-queue';
import { registryContent } from './acr/registry-content.ts';
import { registryLocks } from './acr/registry-locks.ts';
import { tokenCredential } from './acr/token-credential.ts';
import type { AlertSettings } from './alert-settings.ts';
import { logLine } from './alerts/log-line.ts';
import { webhook } from './alerts/webhook.ts';
import {
  getApprovalRoute,
  getApprovalsRoute,
  postApprovalsRoute,
  postOutcomeRoute,
  postReleaseRoute,
} from './api/approvals.ts';
import { postVerifyRoute } from './api/deployments.ts';
import { digestsRoute } from './api/digests.ts';
import {
  postAcknowledgeRoute,
  postReopenRoute,
  postResolveRoute,
  postWaiveRoute,
} from './api/finding-changes.ts';
import { findingRoute, findingsRoute } from './api/findings.ts';
import { historyRoute } from './api/history.ts';
import { getHoldsRoute, postHoldsRoute, postLiftRoute } from './api/holds.ts';
import { getInventoryRoute, postRetireRoute, putInventoryRoute } from './api/inventory.ts';
import { apiReference } from './api/openapi-route.ts';
import { recordsRoute } from './api/records.ts';
import { resolveRoute } from './api/resolve.ts';
import { getRestorableRoute, postRestoreRoute } from './api/restore.ts';
import { postRetentionCheckRoute } from './api/retention-check.ts';
import {
  getPlanItemsRoute,
  getPlanRoute,
  getPlansRoute,
  postPlanApproveRoute,
  postPlanExecuteRoute,
  postPlansRoute,
} from './api/retention-plans.ts';
import { type Route, registerRoutes } from './api/route.ts';
import { healthRoute, statusRoute } from './api/status.ts';
import { usesRoute } from './api/uses.ts';
import { approvalWindows, approveImage, changeApproval } from './audit/approvals.ts';
import { askedWork, askForWork } from './audit/asked-work.ts';
import { attributeHistory } from './audit/attribute-history.ts';
import { clockChecked } from './audit/clock-checked.ts';
import { deliverAlerts, tellAtOnce } from './audit/deliver-alerts.ts';
import { enforceAfterPush, enforceLocks, enforceNext, enforceNow } from './audit/enforce-locks.ts';
import { enforceRepository } from './audit/enforce-repository.ts';
import { escalateFindings } from './audit/escalate-findings.ts';
import { changeHold, holdsOf, placeHold } from './audit/holds.ts';
import type { AlertSink } from './audit/inventory-ports.ts';
import { measureState } from './audit/measure-state.ts';
import { measuredEnforcement, measuredEvents, measuredFindings, measuredSink } from './audit/measured.ts';
import type { Rejections } from './audit/ports.ts';
import { keptPreflight } from './audit/preflight.ts';
import { pseudonymsBy, rejectionsWithout } from './audit/pseudonyms.ts';
import { recordQueuedEvents, rejectPoisonMessage } from './audit/queued-events.ts';
import { reconcileNext } from './audit/reconcile-next.ts';
import { reconcileRegistries } from './audit/reconcile-registries.ts';
import { reconcileRepository } from './audit/reconcile-repository.ts';
import { recordEvent } from './audit/record-event.ts';
import { recordFact } from './audit/record-fact.ts';
import type { RegistryLogs } from './audit/registry-logs.ts';
import { rejectMessage } from './audit/reject-message.ts';
import { replayDeadLetters } from './audit/replay-dead-letters.ts';
import { verifyDeployment } from './audit/verify-deployment.ts';
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
import { ledgerOf } from './main-ledger.ts';
import { retentionOf } from './main-retention.ts';
import { workloadsOf } from './main-workloads.ts';
import type { LogSource } from './registry/log-source.ts';
import { readSettings, type Settings } from './settings.ts';
import { alertOutbox } from './storage/alert-outbox.ts';
import { announcements } from './storage/announcements.ts';
import { attributionProgress } from './storage/attribution-progress.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { blobServiceByConnectionString, blobServiceByIdentity } from './storage/blob-service.ts';
import { comparisons } from './storage/comparisons.ts';
import { connectedLogs } from './storage/connected-logs.ts';
import { deadLetters } from './storage/dead-letters.ts';
import { digestSearch } from './storage/digest-search.ts';
import { enforcementQueue, enforcementQueueName } from './storage/enforcement-queue.ts';
import { evidenceReader } from './storage/evidence-reader.ts';
import { findingsStore } from './storage/findings.ts';
import { historyPages } from './storage/history-pages.ts';
import { historyReader, historyWriter } from './storage/history-store.ts';
import { assessQueueName, refreshQueueName } from './storage/inventory-queue.ts';
import { privacyKeyOfVault } from './storage/key-vault-secret.ts';
import { knownContent } from './storage/known-content.ts';
import { knownLocks } from './storage/known-locks.ts';
import { leases, leasesContainer } from './storage/leases.ts';
import { outbox } from './storage/outbox.ts';
import { progress as progressOf } from './storage/progress.ts';
import { protectionIndex } from './storage/protection-index.ts';
import { reconcileQueue, reconcileQueueName } from './storage/reconcile-queue.ts';
import { knownNames, reconcileRounds } from './storage/reconcile-rounds.ts';
import { recordedRepositories } from './storage/recorded-repositories.ts';
import { rejections } from './storage/rejections.ts';
import { repositoryNames } from './storage/repository-names.ts';
import { repositoryTags } from './storage/repository-tags.ts';
import { stateReader } from './storage/state-reader.ts';
import { statementPages } from './storage/statement-pages.ts';
import { storageClockCheck } from './storage/storage-clock.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';
import { turnRecords } from './storage/turn-records.ts';
import { unannouncedChanges } from './storage/unannounced-changes.ts';

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
const identity = azureCredential(settings.clientId);

const { storage } = settings;
const clientOf =
  'connectionString' in storage
    ? clientsByConnectionString(storage.connectionString)
    : clientsByIdentity(storage.tableServiceUri, identity);
const tables = tablesOf(clientOf);
const queues =
  'connectionString' in storage
    ? QueueServiceClient.fromConnectionString(storage.connectionString)
    : new QueueServiceClient(storage.queueServiceUri, identity);
const blobs =
  'connectionString' in storage
    ? blobServiceByConnectionString(storage.connectionString)
    : blobServiceByIdentity(storage.blobServiceUri, identity);
const registryCredential =
  settings.registryToken === undefined ? identity : tokenCredential(settings.registryToken);
const contents = new Map(
  settings.registries.map(({ loginServer }) => [
    loginServer,
    registryContent({ endpoint: `https://${loginServer}`, credential: registryCredential }),
  ]),
);

const pages = historyPages(tables.repositories, tables.log);
const progress = progressOf(tables.log, tables.rejected);
const history = {
  reader: historyReader(tables.repositories),
  writer: historyWriter(tables.repositories, tables.digests),
  outbox: outbox(
    tables.log,
    connectedLogs(tables.log, [...settings.registries.map(({ loginServer }) => loginServer), estate]),
  ),
};
const rounds = reconcileRounds(tables.inventory);
const queue = reconcileQueue(queues.getQueueClient(reconcileQueueName));

const alerts = alertOutbox(tables.findings, log);
const sinks = sinksOf(settings.alerts).map((sink) => measuredSink(sink, measuring));
const telling = { alerts, sinks, ...history, clock, log };
// Told at once, and by the timer when that fails: whoever raised it does not wait.
const findings = findingsStore(tables.findings, measuredFindings(metrics, tellAtOnce(telling)));
const changes = unannouncedChanges(tables.inventory);
const letters = deadLetters(blobs);
const lease = leases(blobs, { clock });
const checkClock = storageClockCheck(blobs, leasesContainer, clock);
const dated = clockChecked(checkClock);

const { policy } = settings;
const privacy = privacyOf(settings, identity);
const { pseudonyms } = privacy.ports;
const index = protectionIndex(tables.inventory);
const enforcements = enforcementQueue(queues.getQueueClient(enforcementQueueName));
const enforcementTurns = turnRecords(tables.inventory, 'enforced');
const askToEnforce = askForWork({
  turns: enforcementTurns,
  send: (repository, afterTurn, delayMs) => enforcements.add({ ...repository, afterTurn }, delayMs),
  clock,
});
const ids = {
  random: () => randomBytes(6).toString('hex'),
  of: (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12),
};
const states = stateReader(tables.repositories);
const known = knownLocks(tables.repositories);
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
const protectAfter = enforceAfterPush(policy, { index, queue: enforcements, ask: askToEnforce });
const stores = {
  ...history,
  ...privacy.ports,
  async onRecorded(record: AuditRecord) {
    await protectAfter(record);
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
    reconcile: (reconciliation, onProgress, signal) => {
      const content = contents.get(reconciliation.registry);
      if (content === undefined) return undefined;
      const known = knownContent(tables.repositories);
      const ports = { ...stores, content, known, record: recordFact(stores), clock, log, onProgress };
      return reconcileRepository(ports)(reconciliation, signal);
    },
    rounds,
    comparisons: comparisons(tables.repositories, tables.log),
    leases: lease,
    changes,
    findings,
    clock,
    log,
  }),
  reject: rejectMessage(ingest, 'comparison-failed'),
  queueName: reconcileQueueName,
});
/** Pseudonyms, where a key is named; the policy says what they are of. */
function privacyOf({ policy, privacyKey: named }: Settings, credential: TokenCredential) {
  if (named === undefined) return { ports: {}, rejections: (kept: Rejections) => kept };
  const wanted = policy?.privacy ?? { hashAddresses: false, hashActors: false };
  const key =
    'secretId' in named ? privacyKeyOfVault({ ...named, credential }) : () => Promise.resolve(named);
  return {
    ports: { pseudonyms: pseudonymsBy(wanted, key) },
    rejections: (kept: Rejections) => rejectionsWithout(kept, wanted, key),
  };
}

/** Whom alerts are sent to: the log always. The SDK of Event Grid is loaded when it is first needed. */
function sinksOf({ topic, webhooks }: AlertSettings): readonly AlertSink[] {
  const hooks = webhooks.map((hook) => webhook({ ...hook, now: clock.now }));
  if (topic === undefined) return [logLine(log), ...hooks];
  let grid: Promise<AlertSink> | undefined;
  const lazily: AlertSink = {
    name: 'event-grid',
    async send(alert) {
      grid ??= import('./alerts/event-grid-topic.ts').then(({ eventGridTopic }) =>
        eventGridTopic({ endpoint: topic, credential: identity }),
      );
      await (await grid).send(alert);
    },
  };
  return [logLine(log), lazily, ...hooks];
}

/** The logs of a registry; their SDK is loaded when they are first asked. */
function logsOf(source: LogSource): RegistryLogs {
  let logs: Promise<RegistryLogs> | undefined;
  const loaded = () => {
    logs ??= import('./acr/diagnostic-logs.ts').then(({ diagnosticLogs }) =>
      diagnosticLogs({ source, credential: identity, log }),
    );
    return logs;
  };
  return {
    async *changes(span) {
      yield* (await loaded()).changes(span);
    },
    async *logins(span) {
      yield* (await loaded()).logins(span);
    },
  };
}

if (settings.logs.length > 0) {
  const logs = new Map(settings.logs.map((source) => [source.loginServer, logsOf(source)]));
  const attributions = attributionProgress(tables.inventory);
  registerAttribution(
    dated(
      attributeHistory({ ...history, ...privacy.ports, pages, logs, progress: attributions, clock, log }),
    ),
  );
}

const lockerCredential =
  settings.registryToken === undefined ? azureCredential(settings.lockerClientId) : registryCredential;
const lockers = new Map(
  settings.registries.map(({ loginServer }) => [
    loginServer,
    registryLocks({ endpoint: `https://${loginServer}`, credential: lockerCredential }),
  ]),
);
const enforcing = enforceRepository({
  ...statements,
  contents,
  lockers,
  index,
  known,
  uses: workloads.uses,
  holds,
  findings,
  leases: lease,
  pause: (ms) => delay(ms),
  log,
});
const enforce = measuredEnforcement(enforcing, metrics);
registerProtection({
  beginEnforcement: enforceLocks({ registries: [...contents.keys()], index, queue: enforcements, log }),
  enforce: enforceNext({
    ...statements,
    policy,
    contents,
    index,
    enforce: askedWork({ work: enforce, turns: enforcementTurns, clock }),
    log,
  }),
  reject: rejectMessage(ingest, 'enforcement-failed'),
  queueName: enforcementQueueName,
});
const { assessVulnerabilities } = workloads;
registerInventory({
  refreshInventory: workloads.refreshInventory,
  refreshSource: workloads.refreshSource,
  assessUses: workloads.assessUses,
  assessSources: workloads.assessSources,
  assessClaimed: workloads.assessClaimed,
  ...(assessVulnerabilities === undefined ? {} : { assessVulnerabilities }),
  assessRegistrySettings: workloads.assessRegistrySettings,
  escalateFindings: escalateFindings({ findings, registries: [...contents.keys()], clock, log }),
  deliverAlerts: deliverAlerts({ ...telling, registries: [...contents.keys()] }),
  reject: rejectMessage(ingest, 'look-failed'),
  refreshQueueName,
  assessQueueName,
});
const retention = retentionOf({
  settings,
  tables,
  queues,
  blobs,
  credential:
    settings.registryToken === undefined ? azureCredential(settings.deleterClientId) : registryCredential,
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
const approvals = {
  approve: policy && dated(approveImage({ ...statements, ...privacy.ports, contents, index, known, policy })),
  change: dated(changeApproval(statements)),
  windows,
  enforce: enforceNow({ enforce, queue: enforcements, log }),
  index,
};
const holding = {
  place: dated(placeHold(statements)),
  change: dated(changeHold(statements)),
  all: holds,
  registryOf: async (approval: string) => {
    for (const registry of contents.keys()) {
      if ((await index.repositoryOf(registry, approval)) !== undefined) return registry;
    }
    return undefined;
  },
};

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
    registries: [...contents.keys()],
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

const aging = { findings, now: clock.now };
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
const routes: readonly Route[] = [
  historyRoute(settings.registries, pages, pseudonyms),
  resolveRoute(settings.registries, pages, clock),
  digestsRoute(settings.registries, evidence, approvals.windows, {
    listUses: workloads.listUses,
    findings,
  }),
  recordsRoute(settings.registries, records),
  findingsRoute(settings.registries, findings),
  findingRoute(settings.registries, findings),
  postAcknowledgeRoute(settings.registries, aging),
  postResolveRoute(settings.registries, aging),
  postWaiveRoute(settings.registries, aging),
  postReopenRoute(settings.registries, aging),
  putInventoryRoute(workloads.inventory),
  getInventoryRoute(workloads.inventory),
  postRetireRoute(workloads.inventory),
  usesRoute(settings.registries, workloads.listUses),
  statusRoute(settings.registries, status),
  healthRoute(progress),
  ...ledger.routes,
  ledger.evidence,
  postApprovalsRoute(settings.registries, approvals),
  getApprovalsRoute(settings.registries, approvals),
  getApprovalRoute(settings.registries, approvals),
  postReleaseRoute(settings.registries, approvals, clock.now),
  postOutcomeRoute(settings.registries, approvals),
  postHoldsRoute(settings.registries, holding),
  getHoldsRoute(settings.registries, holding),
  postLiftRoute(settings.registries, holding, clock.now),
  postRetentionCheckRoute(settings.registries, retention.check),
  postPlansRoute(settings.registries, retention.plans),
  getPlansRoute(settings.registries, retention.plans),
  getPlanRoute(settings.registries, retention.plans),
  getPlanItemsRoute(settings.registries, retention.plans),
  postPlanApproveRoute(settings.registries, retention.plans),
  postPlanExecuteRoute(settings.registries, retention.plans),
  getRestorableRoute(settings.registries, retention.restore),
  postRestoreRoute(settings.registries, retention.restore),
  postVerifyRoute(policy && verifyDeployment({ contents, known, states, holds, policy, clock })),
];
const reference = apiReference(routes);
registerRoutes([...routes, reference.route], settings.auth);
registerDashboard(async () => {
  const { dashboardOf } = await import('./dashboard/dashboard.ts');
  return dashboardOf(settings.registries, settings.auth, {
    ...{ approvals, clock, evidence, findings, index, ledger, pages, records, status, windows },
    listUses: workloads.listUses,
    announcements: announcements(tables.log),
    environments: policy?.environments,
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
