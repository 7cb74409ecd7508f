import { approvalWindows } from '../../src/audit/approvals.ts';
import type { DeadLetters } from '../../src/audit/dead-letters.ts';
import type { Findings } from '../../src/audit/findings.ts';
import { holdsOf } from '../../src/audit/holds.ts';
import { listUses } from '../../src/audit/list-uses.ts';
import { listWorkloads } from '../../src/audit/list-workloads.ts';
import { sourceCoverage } from '../../src/audit/uses.ts';
import type { Environment } from '../../src/protection/policy.ts';
import { announcements } from '../../src/storage/announcements.ts';
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
import type { Table } from '../../src/storage/row.ts';
import { sourceStates } from '../../src/storage/source-states.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import { unannouncedChanges } from '../../src/storage/unannounced-changes.ts';
import type { Source } from '../../src/workloads/source.ts';

/** What the pages are told from. */
export interface DashboardTables {
  readonly repositories: Table;
  readonly digests: Table;
  readonly log: Table;
  readonly rejected: Table;
  readonly inventory: Table;
  readonly workloads: Table;
  readonly findings: Findings;
  readonly letters: Pick<DeadLetters, 'counts'>;
  readonly clock: { readonly now: () => number };
  /** None unless told. */
  readonly sources?: readonly Source[];
  readonly environments?: readonly Environment[];
}

/** Ports of pages over tables, without sources of an inventory and without a policy. */
export function dashboardPorts({
  repositories,
  digests,
  log,
  rejected,
  inventory,
  workloads,
  findings,
  letters,
  clock,
  sources = [],
  environments,
}: DashboardTables) {
  const states = stateReader(repositories);
  const uses = {
    sources,
    states: sourceStates(inventory),
    claims: claimsStore(workloads, inventory),
    tags: historyReader(repositories),
    links: manifestLinks(repositories, digests),
    clock,
  };
  const ledger = { ...ledgerLog(log, repositories), isSigned: true };
  return {
    pages: historyPages(repositories, log),
    findings,
    clock,
    ledger,
    listUses: listUses(uses),
    listWorkloads: listWorkloads(uses),
    tagEntries: uses.tags,
    windows: approvalWindows({ states, holds: holdsOf(states), clock }),
    index: protectionIndex(inventory),
    announcements: announcements(log),
    environments,
    evidence: evidenceReader(repositories),
    tags: repositoryTags(repositories),
    status: {
      progress: progress(log, rejected),
      rounds: reconcileRounds(inventory),
      queue: { waiting: async () => 0 },
      changes: unannouncedChanges(inventory),
      deadLetters: letters,
      ledger,
      coverage: sourceCoverage(uses),
      permissions: () => ({ state: 'not-checked' }) as const,
      clock,
    },
  };
}
