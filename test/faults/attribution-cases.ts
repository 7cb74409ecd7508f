import { attributeHistory } from '../../src/audit/attribute-history.ts';
import { attributionProgress } from '../../src/storage/attribution-progress.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { attributionPorts } from '../builders/attributions.ts';
import type { CallSites } from '../builders/call-sites.ts';
import { epoch, fact, recordOf } from '../builders/facts.ts';
import { recorderOver } from '../builders/history-stores.ts';
import { logRecordOf, memoryLogs } from '../builders/memory-logs.ts';
import { memoryTable } from '../builders/memory-table.ts';
import { digestOf } from '../builders/registry-event.ts';
import type { UseCase } from './disturbed-runs.ts';
import { rowsOf } from './ingest-cases.ts';

const registry = 'contoso.azurecr.io';
const digest = digestOf('one');

/** A push and a deletion, with the log that tells who did both. */
async function attributing(sites: CallSites) {
  const tables = { repositories: memoryTable(), digests: memoryTable(), log: memoryTable() };
  const inventory = memoryTable();
  const facts = [
    fact('push', 0, { tag: 'prod', digest, requestId: 'request-1' }),
    fact('deletion', 5, { action: 'delete', digest }),
  ];
  for (const one of facts) await recorderOver(tables)(recordOf(one));
  const over = {
    repositories: sites.table(tables.repositories, 'repositories'),
    digests: sites.table(tables.digests, 'digests'),
    log: sites.table(tables.log, 'log'),
  };
  const attribute = attributeHistory({
    ...attributionPorts(over),
    pages: historyPages(over.repositories, over.log),
    logs: new Map([
      [
        registry,
        memoryLogs(
          facts.map((one) => logRecordOf(one)),
          [],
        ),
      ],
    ]),
    progress: attributionProgress(sites.table(inventory, 'inventory')),
    clock: { now: () => epoch + 3_600_000 },
    log: { info() {}, warn() {}, error() {} },
  });
  return { attribute, state: () => rowsOf({ ...tables, inventory }) };
}

type Attributing = Awaited<ReturnType<typeof attributing>>;

export const attributionCases: readonly UseCase<Attributing>[] = [
  {
    name: 'history laid to the logs',
    prepare: attributing,
    work: ({ attribute }) => attribute(),
    // The timer comes again.
    after: ({ attribute }) => attribute(),
    state: ({ state }) => state(),
  },
];
