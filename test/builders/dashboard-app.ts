import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { AuthMode } from '../../src/api/principal.ts';
import { digestPage } from '../../src/dashboard/digest.ts';
import { findingPage } from '../../src/dashboard/finding.ts';
import { findingsPage } from '../../src/dashboard/findings.ts';
import { overviewPage } from '../../src/dashboard/overview.ts';
import { answerPage, type Page } from '../../src/dashboard/page.ts';
import { repositoryPage } from '../../src/dashboard/repository.ts';
import { tagPage } from '../../src/dashboard/tag.ts';
import { workloadsPage } from '../../src/dashboard/workloads.ts';
import { type AuditApp, type AuditAppOptions, auditApp } from './audit-app.ts';
import { dashboardPorts } from './dashboard-ports.ts';
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
  const { findings, clock } = app;
  const ports = dashboardPorts({ ...app, workloads: memoryTable(), clock: { now: () => clock.time } });
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
