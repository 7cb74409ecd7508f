import type { HttpRequest } from '@azure/functions';
import { listDecisions } from '../../src/audit/list-decisions.ts';
import type { PlanHeader } from '../../src/audit/retention-ports.ts';
import type { dashboardOf } from '../../src/dashboard/dashboard.ts';
import type { Environment } from '../../src/protection/policy.ts';
import type { RepositoryPlan } from '../../src/retention/plan.ts';
import { announcements } from '../../src/storage/announcements.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { knownNames } from '../../src/storage/reconcile-rounds.ts';
import { repositoryNames } from '../../src/storage/repository-names.ts';
import type { Table } from '../../src/storage/row.ts';
import {
  busiest,
  type EstateTables,
  estateRegistry,
  estateSources,
  type SeededEstate,
} from './dashboard-estate.ts';
import { dashboardPorts } from './dashboard-ports.ts';
import { policyOf } from './protection-app.ts';
import { digestOf } from './registry-event.ts';

/** An address below `/dashboard`, the function that answers there, and what it is. */
export interface EstatePage {
  readonly what: string;
  readonly name: string;
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
}

/** Id of the plan that {@link estatePages} know. */
const planId = '8222276799999-0123456789ab';

/** Every page of the dashboard with what makes it dear. */
export function pagesOf({ index, child, finding }: SeededEstate): readonly EstatePage[] {
  const repository = `${busiest.registry}/${busiest.repository}`;
  const to = (what: string, name: string, path: string, query: Readonly<Record<string, string>> = {}) => {
    const text = new URLSearchParams(query).toString();
    return { what, name: `dashboard${name}`, path: text === '' ? path : `${path}?${text}` };
  };
  const digest = { image: `${repository}@${index}` };
  return [
    to('overview', 'Overview', ''),
    to('repositories', 'Repositories', '/repositories'),
    to('repository, 25 tags', 'Repository', '/repository', { image: repository }),
    to('repository, next page', 'Repository', '/repository', { image: repository, after: '1.2.0' }),
    to('tag', 'Tag', '/tag', { image: `${repository}:prod` }),
    to('tag, as of', 'Tag', '/tag', { image: `${repository}:prod`, at: '2026-05-02T22:00:00Z' }),
    to('digest, an index', 'Digest', '/digest', digest),
    to('digest, of a platform', 'Digest', '/digest', { image: `${repository}@${child}` }),
    to('digest, in use', 'Digest', '/digest', { ...digest, show: 'uses' }),
    to('digest, in use, of a platform', 'Digest', '/digest', {
      image: `${repository}@${child}`,
      show: 'uses',
    }),
    to('digest, ledger proof', 'Digest', '/digest', { ...digest, show: 'ledger' }),
    to('findings', 'Findings', '/findings'),
    to('findings, by severity', 'Findings', '/findings', { sort: 'severity' }),
    to('findings, of a rare kind', 'Findings', '/findings', { kind: 'TagDrift', status: 'waived' }),
    to('findings, of a digest', 'Findings', '/findings', digest),
    { ...to('finding', 'Finding', `/findings/${finding}`), params: { id: finding } },
    to('workloads', 'Workloads', '/workloads'),
    to('workloads, as of', 'Workloads', '/workloads', { at: '2026-05-02T23:58:30Z' }),
    to('workloads, by name', 'Workloads', '/workloads', { named: 'web-7' }),
    to('workloads, of an image', 'Workloads', '/workloads', { image: repository }),
    to('workloads, of a digest', 'Workloads', '/workloads', { ...digest, at: '2026-05-02T23:58:30Z' }),
    to('retention', 'Retention', '/retention'),
    { ...to('plan', 'Plan', `/retention/${planId}`), params: { id: planId } },
    {
      ...to('plan, what goes', 'Plan', `/retention/${planId}`, { action: 'delete' }),
      params: { id: planId },
    },
    to('search, a name', 'Search', '/search', { q: 'other-1' }),
    to('search, a tag', 'Search', '/search', { q: '1.4.0' }),
    to('search, no finding', 'Search', '/search', { q: 'ab'.repeat(16) }),
    to('reference', 'Reference', '/reference'),
    to('reference, an operation', 'Reference', '/reference', { operation: 'getHistory' }),
  ];
}

/** What pages are told from, each call of which is a query. */
export interface EstateParts {
  readonly tables: Readonly<Record<keyof EstateTables, Table>>;
  /** Repositories that have rows, after one where it is given, in the order of their keys. */
  readonly recorded: (registry: string, after?: string) => AsyncIterable<string>;
  /** Counts a query that no table sees. */
  readonly count: () => void;
  /** The API as an OpenAPI document. */
  readonly reference: () => Promise<Readonly<Record<string, unknown>>>;
  readonly now: number;
  /** A request as the host makes it: its class is loaded differently where modules are. */
  readonly request: (url: string, params: Record<string, string>) => HttpRequest;
}

/** Asks for pages of the dashboard, by the estate's parts. */
export function estatePages(
  make: typeof dashboardOf,
  { tables, recorded, count, reference, now, request }: EstateParts,
) {
  const { letters, ...ports } = partsOf(tables, now, count);
  const nothing = () => Promise.reject(new Error('not asked for'));
  const { get, page, repositories } = plansOf(count);
  const plans = {
    plans: { get, page },
    decisions: listDecisions({ plans: { repositories } }),
    planning: undefined,
  };
  const answer = make([{ loginServer: estateRegistry }], 'development', {
    ...ports,
    approvals: {
      ...{ approve: undefined, change: nothing, enforce: nothing },
      ...{ windows: ports.windows, index: ports.index },
    },
    records: { page: nothing },
    digests: {
      async beginningWith() {
        count();
        return [];
      },
    },
    names: repositoryNames({
      known: knownNames(tables.inventory),
      announcements: announcements(tables.log),
      recorded,
    }),
    plans,
    reference,
  });
  return ({ name, path, params = {} }: EstatePage) => {
    const url = `https://audit.example/dashboard${path}`;
    return answer(name, request(url, { ...params }), { error: () => {}, invocationId: 'estate' });
  };
}

function partsOf(tables: EstateParts['tables'], now: number, count: () => void) {
  const letters = { counts: async () => ({ waiting: 0, quarantined: 0 }) };
  const environments: readonly Environment[] = policyOf({}).environments;
  const ports = dashboardPorts({
    ...tables,
    ...{ letters, environments, sources: estateSources },
    findings: findingsStore(tables.findings),
    clock: { now: () => now },
  });
  const queue = {
    async waiting() {
      count();
      return 0;
    },
  };
  return { ...ports, letters, status: { ...ports.status, queue } };
}

/** A plan of 200 repositories, in each of which 25 manifests stay. */
function plansOf(count: () => void) {
  const header: PlanHeader = {
    id: planId,
    registry: estateRegistry,
    state: 'ready',
    createdAt: 0,
    createdBy: 'somebody',
    inputs: { sources: [], policyHash: '0'.repeat(64) },
    counts: { repositories: 200, tags: 0, manifests: 5_000, untag: 0, delete: 0 },
    freed: { atLeast: 0, atMost: 0 },
    blocks: [],
    hash: '0'.repeat(64),
  };
  const items = Array.from({ length: 25 }, (_, place): RepositoryPlan['items'][number] => {
    return { digest: digestOf(`planned ${place}`), action: 'keep', reasons: [] };
  });
  return {
    async get() {
      count();
      return { header, version: '1' };
    },
    async page() {
      count();
      return { items: Array.from({ length: 25 }, () => header), next: planId };
    },
    async *repositories(): AsyncGenerator<RepositoryPlan> {
      // The list of the files.
      count();
      for (let place = 0; place < 200; place += 1) {
        count();
        yield {
          registry: estateRegistry,
          repository: `team/other-${String(place).padStart(3, '0')}`,
          items,
          counts: { tags: 0, manifests: items.length, untag: 0, delete: 0 },
          blocks: [],
        };
      }
    },
  };
}
