import { HttpRequest, HttpResponse } from '@azure/functions';
import * as z from 'zod/mini';
import { digestsRoute } from '../../src/api/digests.ts';
import { findingRoute, findingsRoute } from '../../src/api/findings.ts';
import { historyRoute } from '../../src/api/history.ts';
import { apiReference } from '../../src/api/openapi-route.ts';
import type { AuthMode } from '../../src/api/principal.ts';
import { resolveRoute } from '../../src/api/resolve.ts';
import { answerTo, type Route } from '../../src/api/route.ts';
import { healthRoute, statusRoute } from '../../src/api/status.ts';
import { approvalWindows } from '../../src/audit/approvals.ts';
import type { Findings } from '../../src/audit/findings.ts';
import { holdsOf } from '../../src/audit/holds.ts';
import { listUses } from '../../src/audit/list-uses.ts';
import type { PreflightState } from '../../src/audit/preflight.ts';
import { pseudonymsBy, rejectionsWithout } from '../../src/audit/pseudonyms.ts';
import { type EventOutcome, recordEvent } from '../../src/audit/record-event.ts';
import { sourceCoverage } from '../../src/audit/uses.ts';
import type { Privacy, PrivacyKey } from '../../src/ledger/pseudonym.ts';
import type { AcceptedRegistry } from '../../src/registry/accepted-registry.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { evidenceReader } from '../../src/storage/evidence-reader.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { historyReader, historyWriter } from '../../src/storage/history-store.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { manifestLinks } from '../../src/storage/manifest-links.ts';
import { outbox } from '../../src/storage/outbox.ts';
import { progress as progressOf } from '../../src/storage/progress.ts';
import { reconcileRounds } from '../../src/storage/reconcile-rounds.ts';
import { rejections } from '../../src/storage/rejections.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import { unannouncedChanges } from '../../src/storage/unannounced-changes.ts';
import { documented } from './documented-answer.ts';
import { type MemoryDeadLetters, memoryDeadLetters } from './memory-dead-letters.ts';
import { type MemoryTable, memoryTable, type TableFaults } from './memory-table.ts';

/** A line the app logged. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** How a request differs from one that anybody may make with every role. */
export interface RequestOptions {
  readonly mode?: AuthMode;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The app's event ingest and its routes, over tables in memory. */
export interface AuditApp {
  readonly repositories: MemoryTable;
  readonly digests: MemoryTable;
  readonly log: MemoryTable;
  readonly rejected: MemoryTable;
  readonly lines: readonly LogLine[];
  /** The app's time, which only tests change. */
  readonly clock: { time: number };
  readonly inventory: MemoryTable;
  readonly letters: MemoryDeadLetters;
  readonly findings: Findings;
  deliver(event: unknown): Promise<EventOutcome>;
  /** Asks a route, by its path below `/api/v1/` with its query. */
  get(path: string, options?: RequestOptions): Promise<HttpResponse>;
}

export interface AuditAppOptions {
  readonly registries?: readonly AcceptedRegistry[];
  /** Of every table, which is named. */
  readonly faults?: (table: string) => TableFaults;
  /** Comparisons in the queue, none unless told. */
  readonly comparisonsWaiting?: number;
  /** What is known of the grants of its identities; that nobody looked, unless told. */
  readonly permissions?: () => PreflightState;
  /** What is replaced by pseudonyms, and by which key; nothing unless told. */
  readonly privacy?: { readonly wanted: Privacy; readonly key: () => Promise<PrivacyKey> };
}

const loggedLine = z.catchall(z.object({ level: z.literal('error'), message: z.string() }), z.unknown());

/** The time an {@link AuditApp} begins at: after every built event that doesn't say otherwise. */
export const appTime = Date.UTC(2026, 4, 3);

/** An app that audits `contoso.azurecr.io`, unless said. */
export function auditApp({
  registries,
  faults = () => ({}),
  comparisonsWaiting = 0,
  permissions = () => ({ state: 'not-checked' }),
  privacy,
}: AuditAppOptions = {}): AuditApp {
  const accepted = registries ?? [{ loginServer: 'contoso.azurecr.io' }];
  const repositories = memoryTable(faults('repositories'));
  const digests = memoryTable(faults('digests'));
  const log = memoryTable(faults('log'));
  const rejected = memoryTable(faults('rejected'));
  const inventory = memoryTable(faults('inventory'));
  const findings = findingsStore(memoryTable(faults('findings')));
  const letters = memoryDeadLetters();
  const clock = { time: appTime, now: () => clock.time };
  const lines: LogLine[] = [];
  const write =
    (level: LogLine['level']) =>
    (message: string, values: LogLine['values'] = {}) =>
      void lines.push({ level, message, values });

  const pseudonyms = privacy && pseudonymsBy(privacy.wanted, privacy.key);
  const kept = rejections(rejected);
  const deliver = recordEvent(accepted, {
    ...(pseudonyms && { pseudonyms }),
    reader: historyReader(repositories),
    writer: historyWriter(repositories, digests),
    outbox: outbox(log),
    rejections: privacy ? rejectionsWithout(kept, privacy.wanted, privacy.key) : kept,
    clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
  });
  const states = stateReader(repositories);
  const pages = historyPages(repositories, log);
  const progress = progressOf(log, rejected);
  const uses = {
    sources: [],
    states: sourceStates(inventory),
    claims: claimsStore(memoryTable(), inventory),
    tags: historyReader(repositories),
    links: manifestLinks(repositories, digests),
    clock,
  };
  const described = [
    historyRoute(accepted, pages, pseudonyms),
    resolveRoute(accepted, pages, clock),
    digestsRoute(
      accepted,
      evidenceReader(repositories),
      approvalWindows({ states, holds: holdsOf(states), clock }),
      { listUses: listUses(uses), findings },
    ),
    findingsRoute(accepted, findings),
    findingRoute(accepted, findings),
    statusRoute(accepted, {
      progress,
      rounds: reconcileRounds(inventory),
      queue: { waiting: () => Promise.resolve(comparisonsWaiting) },
      changes: unannouncedChanges(inventory),
      deadLetters: letters,
      coverage: sourceCoverage(uses),
      ledger: { head: ledgerLog(log, repositories).head, isSigned: true },
      permissions,
      clock,
    }),
    healthRoute(progress),
  ];
  const routes: readonly Route[] = [...described, apiReference(described).route];

  return {
    repositories,
    digests,
    log,
    rejected,
    inventory,
    letters,
    findings,
    lines,
    clock,
    deliver,
    async get(path, { mode = 'development', headers = {} } = {}) {
      const url = `https://audit.example/api/v1/${path}`;
      const [wanted] = routes.flatMap((route) => {
        const params = paramsOf(route.path, path.split('?')[0] ?? '');
        return params === undefined ? [] : [{ route, params }];
      });
      if (wanted === undefined) throw new Error(`no route ${path}`);
      const { route, params } = wanted;
      const request = new HttpRequest({ method: 'GET', url, params, headers: { ...headers } });
      const error = (line: unknown) => {
        const { message, level: _, ...values } = loggedLine.parse(JSON.parse(String(line)));
        write('error')(message, values);
      };
      const context = { error, invocationId: 'invocation-1' };
      return documented(route, new HttpResponse(await answerTo(route, mode, request, context)));
    },
  };
}

/** The parameters of a path that a route's path matches, percent-decoded. */
function paramsOf(template: string, path: string): Record<string, string> | undefined {
  const pattern = template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const match = new RegExp(`^${pattern}$`).exec(path);
  if (match === null) return undefined;
  const groups = Object.entries(match.groups ?? {});
  return Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)]));
}

/** A list as the API answers it. */
const page = z.object({
  items: z.array(z.record(z.string(), z.unknown())),
  cursor: z.optional(z.string()),
});

/** A page of history. Throws when the answer is none. */
export async function pageOf(app: AuditApp, query = ''): Promise<z.output<typeof page>> {
  const response = await app.get(`history?${query}`);
  return page.parse(await response.json());
}

/** The items of a page of history. */
export async function itemsOf(app: AuditApp, query = ''): Promise<z.output<typeof page>['items']> {
  return (await pageOf(app, query)).items;
}
