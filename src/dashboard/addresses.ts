/** A function of the dashboard, by where it is. */
export interface Address {
  /** Name of the function. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path below `/dashboard`, empty for its first page; parameters in it are written `{name}`. */
  readonly path: string;
}

/**
 * Where everything of the dashboard is. It is told apart from what answers there, so that the app can register it without
 * loading that.
 */
export const addresses: readonly Address[] = [
  get('dashboardAsset', 'assets/{name}'),
  get('dashboardExport', 'export/{*list}'),
  get('dashboardOverview', ''),
  get('dashboardRepositories', 'repositories'),
  get('dashboardRepository', 'repository'),
  get('dashboardTag', 'tag'),
  get('dashboardDigest', 'digest'),
  get('dashboardFindings', 'findings'),
  get('dashboardFinding', 'findings/{id}'),
  post('dashboardFindingChange', 'findings/{id}'),
  get('dashboardWorkloads', 'workloads'),
  get('dashboardRetention', 'retention'),
  get('dashboardPlan', 'retention/{id}'),
  post('dashboardPlanApprove', 'retention/{id}/approve'),
  post('dashboardPlanExecute', 'retention/{id}/execute'),
  get('dashboardSearch', 'search'),
  get('dashboardReference', 'reference'),
];

function get(name: string, path: string): Address {
  return { name, method: 'GET', path };
}

function post(name: string, path: string): Address {
  return { name, method: 'POST', path };
}
