import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { AuthMode } from '../../src/api/principal.ts';
import { approvalWindows } from '../../src/audit/approvals.ts';
import { holdsOf } from '../../src/audit/holds.ts';
import { listUses } from '../../src/audit/list-uses.ts';
import { sourceCoverage } from '../../src/audit/uses.ts';
import { digestPage } from '../../src/dashboard/digest.ts';
import { findingPage } from '../../src/dashboard/finding.ts';
import { findingsPage } from '../../src/dashboard/findings.ts';
import { overviewPage } from '../../src/dashboard/overview.ts';
import { answerPage, type Page } from '../../src/dashboard/page.ts';
import { repositoryPage } from '../../src/dashboard/repository.ts';
import { tagPage } from '../../src/dashboard/tag.ts';
import { workloadsPage } from '../../src/dashboard/workloads.ts';
import { claimsStore } from '../../src/storage/claims.ts';
import { evidenceReader } from '../../src/storage/evidence-reader.ts';
import { historyPages } from '../../src/storage/history-pages.ts';
import { historyReader } from '../../src/storage/history-store.ts';
import { ledgerLog } from '../../src/storage/ledger-log.ts';
import { manifestLinks } from '../../src/storage/manifest-links.ts';
import { progress } from '../../src/storage/progress.ts';
import { protectionIndex } from '../../src/storage/protection-index.ts';
import { reconcileRounds } from '../../src/storage/reconcile-rounds.ts';
import { repositoryTags } from '../../src/storage/repository-tags.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import { unannouncedChanges } from '../../src/storage/unannounced-changes.ts';
import { type AuditApp, type AuditAppOptions, auditApp } from './audit-app.ts';
import { memoryTable } from './memory-table.ts';

/** How a page is asked for. */
export interface PageOptions {
  readonly mode?: AuthMode;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An app in memory, and pages of its dashboard. */
export interface DashboardApp {
  readonly app: AuditApp;
  /** Asks for a page, by its address below `/dashboard`. */
  open(path: string, options?: PageOptions): Promise<HttpResponseInit & { readonly body: string }>;
}

/** Pages over the tables of an {@link auditApp}, without sources of an inventory and without a policy. */
export function dashboardApp(options: AuditAppOptions = {}): DashboardApp {
  const app = auditApp(options);
  const registries = options.registries ?? [{ loginServer: 'contoso.azurecr.io' }];
  const { repositories, digests, log, rejected, inventory, findings, clock } = app;
  const time = { now: () => clock.time };
  const states = stateReader(repositories);
  const pages = historyPages(repositories, log);
  const uses = {
    sources: [],
    states: sourceStates(inventory),
    claims: claimsStore(memoryTable(), inventory),
    tags: historyReader(repositories),
    links: manifestLinks(repositories, digests),
    clock: time,
  };
  const ports = {
    pages,
    findings,
    clock: time,
    listUses: listUses(uses),
    windows: approvalWindows({ states, holds: holdsOf(states), clock: time }),
    index: protectionIndex(inventory),
    environments: undefined,
    evidence: evidenceReader(repositories),
    tags: repositoryTags(repositories),
    ledger: { ...ledgerLog(log, repositories), isSigned: true },
    status: {
      progress: progress(log, rejected),
      rounds: reconcileRounds(inventory),
      queue: { waiting: async () => 0 },
      changes: unannouncedChanges(inventory),
      deadLetters: app.letters,
      ledger: { head: ledgerLog(log, repositories).head, isSigned: true },
      coverage: sourceCoverage(uses),
      permissions: () => ({ state: 'not-checked' }) as const,
      clock: time,
    },
  };
  const all: readonly Page[] = [
    overviewPage(registries, ports),
    repositoryPage(registries, ports),
    tagPage(registries, ports),
    digestPage(registries, ports),
    findingsPage(registries, findings),
    findingPage(registries, findings),
    workloadsPage(registries, ports),
  ];
  return {
    app,
    async open(path, { mode = 'development', headers = {} } = {}) {
      const [name = '', id] = path.split('?')[0]?.split('/') ?? [];
      const wanted = id === undefined ? name : `${name}/{id}`;
      const page = all.find((one) => one.path === wanted);
      if (page === undefined) throw new Error(`no page ${path}`);
      const request = new HttpRequest({
        method: 'GET',
        url: `https://audit.example/dashboard/${path}`,
        params: id === undefined ? {} : { id },
        headers: { ...headers },
      });
      const answer = await answerPage(page, mode, request, { error: () => {}, invocationId: 'invocation-1' });
      return { ...answer, body: String(answer.body ?? '') };
    },
  };
}
