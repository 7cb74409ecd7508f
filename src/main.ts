import { QueueServiceClient } from '@azure/storage-queue';
import { registryContent } from './acr/registry-content.ts';
import { tokenCredential } from './acr/token-credential.ts';
import { digestsRoute } from './api/digests.ts';
import { findingRoute, findingsRoute } from './api/findings.ts';
import { historyRoute } from './api/history.ts';
import { resolveRoute } from './api/resolve.ts';
import { registerRoutes } from './api/route.ts';
import { healthRoute, statusRoute } from './api/status.ts';
import { recordQueuedEvents, rejectPoisonMessage } from './audit/queued-events.ts';
import { reconcileNext, rejectComparison } from './audit/reconcile-next.ts';
import { reconcileRegistries } from './audit/reconcile-registries.ts';
import { reconcileRepository } from './audit/reconcile-repository.ts';
import { recordEvent } from './audit/record-event.ts';
import { recordFact } from './audit/record-fact.ts';
import { replayDeadLetters } from './audit/replay-dead-letters.ts';
import { consoleLog } from './functions/console-log.ts';
import { registerDeadLetters } from './functions/dead-letters.ts';
import { registerReconciliation } from './functions/reconcile.ts';
import { registerRegistryEvents } from './functions/registry-events.ts';
import { registerRegistryEventsQueue } from './functions/registry-events-queue.ts';
import { readSettings } from './settings.ts';
import { azureCredential } from './storage/azure-credential.ts';
import { blobServiceByConnectionString, blobServiceByIdentity } from './storage/blob-service.ts';
import { deadLetters } from './storage/dead-letters.ts';
import { evidenceReader } from './storage/evidence-reader.ts';
import { findingsStore } from './storage/findings.ts';
import { historyPages } from './storage/history-pages.ts';
import { historyReader, historyWriter } from './storage/history-store.ts';
import { knownContent } from './storage/known-content.ts';
import { leases } from './storage/leases.ts';
import { outbox } from './storage/outbox.ts';
import { progress as progressOf } from './storage/progress.ts';
import { reconcileQueue, reconcileQueueName } from './storage/reconcile-queue.ts';
import { reconcileRounds } from './storage/reconcile-rounds.ts';
import { rejections } from './storage/rejections.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';
import { unannouncedChanges } from './storage/unannounced-changes.ts';

// The composition root: the only place that reads the environment and knows every adapter.
const settings = readSettings(process.env);
// As in host.json, which the platform reads and the app does not.
const maxDequeueCount = 20;
const clock = { now: () => Date.now() };
const log = consoleLog();
const identity = azureCredential(settings.clientId);

const { storage } = settings;
const tables = tablesOf(
  'connectionString' in storage
    ? clientsByConnectionString(storage.connectionString)
    : clientsByIdentity(storage.tableServiceUri, identity),
);
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
  outbox: outbox(tables.log),
};
const rounds = reconcileRounds(tables.inventory);
const queue = reconcileQueue(queues.getQueueClient(reconcileQueueName));

const findings = findingsStore(tables.findings);
const changes = unannouncedChanges(tables.inventory);
const letters = deadLetters(blobs);

const ingest = { ...history, rejections: rejections(tables.rejected), clock, log };
const record = recordEvent(settings.registries, ingest);

registerRegistryEvents(record);
registerRegistryEventsQueue({
  record: recordQueuedEvents({ ...ingest, record }),
  reject: rejectPoisonMessage(ingest, maxDequeueCount),
});
registerDeadLetters(replayDeadLetters({ deadLetters: letters, record, clock, log }));
registerReconciliation({
  beginRounds: reconcileRegistries({
    contents,
    rounds,
    queue,
    clock,
    log,
  }),
  reconcile: reconcileNext({
    reconcile: (reconciliation, onProgress, signal) => {
      const content = contents.get(reconciliation.registry);
      if (content === undefined) return undefined;
      const known = knownContent(tables.repositories);
      const ports = { ...history, content, known, record: recordFact(history), clock, log, onProgress };
      return reconcileRepository(ports)(reconciliation, signal);
    },
    rounds,
    leases: leases(blobs),
    changes,
    clock,
    log,
  }),
  reject: rejectComparison(ingest),
  queueName: reconcileQueueName,
  log,
});
registerRoutes(
  [
    historyRoute(settings.registries, pages),
    resolveRoute(settings.registries, pages, clock),
    digestsRoute(settings.registries, evidenceReader(tables.repositories)),
    findingsRoute(settings.registries, findings),
    findingRoute(settings.registries, findings),
    statusRoute(settings.registries, { progress, rounds, queue, changes, deadLetters: letters, clock }),
    healthRoute(progress),
  ],
  settings.auth,
);
