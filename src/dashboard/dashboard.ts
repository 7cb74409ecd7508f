import { type ApprovalsUseCases, getApprovalsRoute } from '../api/approvals.ts';
import { findingsRoute } from '../api/findings.ts';
import { historyRoute } from '../api/history.ts';
import { getInventoryRoute } from '../api/inventory.ts';
import type { AuthMode } from '../api/principal.ts';
import { recordsRoute } from '../api/records.ts';
import { getPlanItemsRoute, getPlansRoute, type RetentionPlansUseCases } from '../api/retention-plans.ts';
import { usesRoute } from '../api/uses.ts';
import type { Findings } from '../audit/findings.ts';
import type { StatementPages } from '../audit/statement-pages.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { registerAssets } from './assets.ts';
import { type DigestPorts, digestPage } from './digest.ts';
import { registerExport } from './export.ts';
import { findingDeed, findingPage } from './finding.ts';
import { findingsPage } from './findings.ts';
import { type OverviewPorts, overviewPage } from './overview.ts';
import { registerPages } from './page.ts';
import { planApproveDeed, planExecuteDeed, planPage } from './plan.ts';
import { repositoriesPage } from './repositories.ts';
import { type RepositoryPorts, repositoryPage } from './repository.ts';
import { retentionPage } from './retention.ts';
import { type SearchPorts, searchPage } from './search.ts';
import { type TagPorts, tagPage } from './tag.ts';
import { tagListRoute } from './tag-list.ts';
import { type WorkloadsPorts, workloadsPage } from './workloads.ts';

/** What the dashboard is told from. */
export interface DashboardPorts
  extends OverviewPorts,
    TagPorts,
    DigestPorts,
    RepositoryPorts,
    SearchPorts,
    WorkloadsPorts {
  readonly pages: OverviewPorts['pages'];
  readonly index: ApprovalsUseCases['index'];
  readonly findings: Findings;
  readonly approvals: ApprovalsUseCases;
  readonly records: StatementPages;
  readonly plans: RetentionPlansUseCases;
}

/** Makes the dashboard, and all that it loads, functions of the app. */
export function registerDashboard(
  registries: readonly AcceptedRegistry[],
  mode: AuthMode,
  ports: DashboardPorts,
): void {
  const { findings, plans, pages, clock } = ports;
  registerAssets();
  registerPages(
    dashboardPages(registries, ports),
    [
      findingDeed(registries, { findings, now: clock.now }),
      planApproveDeed(registries, plans),
      planExecuteDeed(registries, plans),
    ],
    mode,
  );
  registerExport(
    [
      historyRoute(registries, pages),
      findingsRoute(registries, findings),
      recordsRoute(registries, ports.records),
      usesRoute(registries, ports.listUses),
      getApprovalsRoute(registries, ports.approvals),
      getInventoryRoute({ coverage: ports.status.coverage }),
      getPlansRoute(registries, plans),
      getPlanItemsRoute(registries, plans),
      tagListRoute(registries, ports.tags),
    ],
    mode,
  );
}

/** The pages of the dashboard. */
function dashboardPages(registries: readonly AcceptedRegistry[], ports: DashboardPorts) {
  return [
    overviewPage(registries, ports),
    repositoriesPage(registries, ports.names),
    repositoryPage(registries, ports),
    tagPage(registries, ports),
    digestPage(registries, ports),
    findingsPage(registries, ports.findings),
    findingPage(registries, ports.findings),
    workloadsPage(registries, ports),
    retentionPage(registries, ports.plans),
    planPage(registries, ports.plans),
    searchPage(registries, ports),
  ];
}
