import type { EvidenceReader } from '../audit/digest-evidence.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { Pseudonyms } from '../audit/pseudonyms.ts';
import type { StatementPages } from '../audit/statement-pages.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import {
  type ApprovalsUseCases,
  getApprovalRoute,
  getApprovalsRoute,
  postApprovalsRoute,
  postOutcomeRoute,
  postReleaseRoute,
} from './approvals.ts';
import { postVerifyRoute } from './deployments.ts';
import { type DigestUsePorts, digestsRoute } from './digests.ts';
import {
  postAcknowledgeRoute,
  postReopenRoute,
  postResolveRoute,
  postWaiveRoute,
} from './finding-changes.ts';
import { findingRoute, findingsRoute } from './findings.ts';
import { historyRoute } from './history.ts';
import { getHoldsRoute, type HoldsUseCases, postHoldsRoute, postLiftRoute } from './holds.ts';
import {
  getInventoryRoute,
  type InventoryUseCases,
  postRetireRoute,
  putInventoryRoute,
} from './inventory.ts';
import { recordsRoute } from './records.ts';
import { resolveRoute } from './resolve.ts';
import { getRestorableRoute, postRestoreRoute, type RestoreUseCases } from './restore.ts';
import { postRetentionCheckRoute } from './retention-check.ts';
import {
  getPlanItemsRoute,
  getPlanRoute,
  getPlansRoute,
  postPlanApproveRoute,
  postPlanExecuteRoute,
  postPlansRoute,
  type RetentionPlansUseCases,
} from './retention-plans.ts';
import type { Route } from './route.ts';
import { healthRoute, type StatusPorts, statusRoute } from './status.ts';
import { usesRoute } from './uses.ts';

/** What the API's routes are made of. */
export interface ApiParts {
  readonly registries: readonly AcceptedRegistry[];
  readonly pages: HistoryPages;
  readonly pseudonyms: Pick<Pseudonyms, 'inQuery'> | undefined;
  readonly evidence: EvidenceReader;
  readonly records: StatementPages;
  readonly findings: Findings;
  readonly listUses: DigestUsePorts['listUses'];
  readonly inventory: InventoryUseCases;
  readonly status: StatusPorts;
  readonly approvals: ApprovalsUseCases;
  readonly holding: HoldsUseCases;
  readonly check: Parameters<typeof postRetentionCheckRoute>[1];
  readonly plans: RetentionPlansUseCases;
  readonly restore: RestoreUseCases;
  readonly verify: Parameters<typeof postVerifyRoute>[0];
  /** Of the ledger, whose parts are its own. */
  readonly ledger: readonly Route[];
}

/** Every route of the API but its description, which is made from them. */
export function routeTable(parts: ApiParts): readonly Route[] {
  const { registries, pages, findings, inventory, status, approvals, holding, plans, restore } = parts;
  const { clock, progress } = status;
  const aging = { findings, now: clock.now };
  return [
    historyRoute(registries, pages, parts.pseudonyms),
    resolveRoute(registries, pages, clock),
    digestsRoute(registries, parts.evidence, approvals.windows, { listUses: parts.listUses, findings }),
    recordsRoute(registries, parts.records),
    findingsRoute(registries, findings),
    findingRoute(registries, findings),
    postAcknowledgeRoute(registries, aging),
    postResolveRoute(registries, aging),
    postWaiveRoute(registries, aging),
    postReopenRoute(registries, aging),
    putInventoryRoute(inventory),
    getInventoryRoute(inventory),
    postRetireRoute(inventory),
    usesRoute(registries, parts.listUses),
    statusRoute(registries, status),
    healthRoute(progress),
    ...parts.ledger,
    postApprovalsRoute(registries, approvals),
    getApprovalsRoute(registries, approvals),
    getApprovalRoute(registries, approvals),
    postReleaseRoute(registries, approvals, clock.now),
    postOutcomeRoute(registries, approvals),
    postHoldsRoute(registries, holding),
    getHoldsRoute(registries, holding),
    postLiftRoute(registries, holding, clock.now),
    postRetentionCheckRoute(registries, parts.check),
    postPlansRoute(registries, plans),
    getPlansRoute(registries, plans),
    getPlanRoute(registries, plans),
    getPlanItemsRoute(registries, plans),
    postPlanApproveRoute(registries, plans),
    postPlanExecuteRoute(registries, plans),
    getRestorableRoute(registries, restore),
    postRestoreRoute(registries, restore),
    postVerifyRoute(parts.verify),
  ];
}
