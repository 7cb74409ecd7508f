import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type ApprovalsUseCases, getApprovalsRoute } from '../api/approvals.ts';
import { findingsRoute } from '../api/findings.ts';
import { historyRoute } from '../api/history.ts';
import { getInventoryRoute } from '../api/inventory.ts';
import type { AuthMode } from '../api/principal.ts';
import { recordsRoute } from '../api/records.ts';
import { getPlanItemsRoute, getPlansRoute, type RetentionPlansUseCases } from '../api/retention-plans.ts';
import type { Route } from '../api/route.ts';
import { usesRoute } from '../api/uses.ts';
import type { Announcements } from '../audit/announcements.ts';
import type { Findings } from '../audit/findings.ts';
import type { RepositoryNames } from '../audit/repository-names.ts';
import type { StatementPages } from '../audit/statement-pages.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { assetAnswer } from './assets.ts';
import { type DigestPorts, digestPage } from './digest.ts';
import { answerExport } from './export.ts';
import { findingDeed, findingPage } from './finding.ts';
import { findingsPage } from './findings.ts';
import { type OverviewPorts, overviewPage } from './overview.ts';
import { answerDeed, answerPage, type Page } from './page.ts';
import { planApproveDeed, planExecuteDeed, planPage } from './plan.ts';
import { type ReferencePorts, referencePage } from './reference.ts';
import type { DashboardAnswer } from './registration.ts';
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
    WorkloadsPorts,
    ReferencePorts {
  readonly pages: TagPorts['pages'];
  readonly evidence: TagPorts['evidence'] & DigestPorts['evidence'];
  readonly index: ApprovalsUseCases['index'];
  readonly findings: Findings;
  readonly approvals: ApprovalsUseCases;
  readonly records: StatementPages;
  readonly names: RepositoryNames;
  readonly announcements: Announcements;
  readonly plans: RetentionPlansUseCases;
}

/** Answers all that is asked of the dashboard, by the names of its functions. */
export function dashboardOf(
  registries: readonly AcceptedRegistry[],
  mode: AuthMode,
  ports: DashboardPorts,
): DashboardAnswer {
  const { findings, plans } = ports;
  const answers = new Map<string, Answer>([
    ['dashboardAsset', async ({ params }) => assetAnswer(params['name'] ?? '')],
    ['dashboardExport', (request, context) => answerExport(lists, mode, request, context)],
  ]);
  const lists = exportedLists(registries, ports);
  for (const page of dashboardPages(registries, ports)) {
    answers.set(page.name, (request, context) => answerPage(page, mode, request, context));
  }
  for (const deed of [
    findingDeed(registries, { findings, now: ports.clock.now }),
    planApproveDeed(registries, plans),
    planExecuteDeed(registries, plans),
  ]) {
    answers.set(deed.name, (request, context) => answerDeed(deed, mode, request, context));
  }
  return async (name, request, context) => {
    const answer = answers.get(name);
    if (answer === undefined) throw new Error(`the dashboard has no ${name}`);
    return answer(request, context);
  };
}

type Answer = (
  request: HttpRequest,
  context: Pick<InvocationContext, 'error' | 'invocationId'>,
) => Promise<HttpResponseInit>;

/** Lists of the API that can be downloaded. */
function exportedLists(registries: readonly AcceptedRegistry[], ports: DashboardPorts): readonly Route[] {
  return [
    historyRoute(registries, ports.pages),
    findingsRoute(registries, ports.findings),
    recordsRoute(registries, ports.records),
    usesRoute(registries, ports.listUses),
    getApprovalsRoute(registries, ports.approvals),
    getInventoryRoute({ coverage: ports.status.coverage }),
    getPlansRoute(registries, ports.plans),
    getPlanItemsRoute(registries, ports.plans),
    tagListRoute(registries, ports.tags),
  ];
}

/** The pages of the dashboard. */
function dashboardPages(registries: readonly AcceptedRegistry[], ports: DashboardPorts): readonly Page[] {
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
    referencePage(ports),
  ];
}
