import { historyRoute } from './api/history.ts';
import { resolveRoute } from './api/resolve.ts';
import { registerRoutes } from './api/route.ts';
import { healthRoute, statusRoute } from './api/status.ts';
import { recordEvent } from './audit/record-event.ts';
import { consoleLog } from './functions/console-log.ts';
import { registerRegistryEvents } from './functions/registry-events.ts';
import { readSettings } from './settings.ts';
import { historyPages } from './storage/history-pages.ts';
import { historyReader, historyWriter } from './storage/history-store.ts';
import { outbox } from './storage/outbox.ts';
import { progress as progressOf } from './storage/progress.ts';
import { rejections } from './storage/rejections.ts';
import { clientsByConnectionString, clientsByIdentity, tablesOf } from './storage/tables.ts';

// The composition root: the only place that reads the environment and knows every adapter.
const settings = readSettings(process.env);
const clock = { now: () => Date.now() };
const log = consoleLog();
const {
  repositories,
  digests,
  log: outboxTable,
  rejected,
} = tablesOf(
  'connectionString' in settings.storage
    ? clientsByConnectionString(settings.storage.connectionString)
    : clientsByIdentity(settings.storage.tableServiceUri, settings.storage.clientId),
);
const pages = historyPages(repositories, outboxTable);
const progress = progressOf(outboxTable, rejected);

registerRegistryEvents(
  recordEvent(settings.registries, {
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(outboxTable),
    rejections: rejections(rejected),
    clock,
    log,
  }),
);
registerRoutes(
  [
    historyRoute(settings.registries, pages),
    resolveRoute(settings.registries, pages, clock),
    statusRoute(settings.registries, progress, clock),
    healthRoute(progress),
  ],
  settings.auth,
);
