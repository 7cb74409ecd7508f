import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { type Answer, type ArmFault, armFaults, refusal } from './arm-faults.ts';
import {
  type ArmResource,
  type ContainerApp,
  type ContainerGroup,
  containerApp,
  containerGroup,
  containerRegistry,
  type Job,
  job,
  type Registry,
  type SessionPool,
  type Site,
  type SubAssessment,
  sessionPool,
  site,
  zeroSubscription,
} from './arm-resource.ts';
import { type GraphFaults, rowsOf } from './resource-graph.ts';

/** A request as it arrived. */
export interface ArmRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Azure Resource Manager on this machine. */
export interface ArmStandIn {
  readonly endpoint: string;
  readonly requests: readonly ArmRequest[];
  readonly graph: GraphFaults;
  /** A subscription; one that is refused is left out by Resource Graph, as the service does. */
  addSubscription(id: string, options?: { readonly isRefused?: boolean }): void;
  addManagementGroup(id: string, subscriptions: readonly string[]): void;
  addContainerApp(app: ContainerApp): string;
  addJob(options: Job): string;
  addSessionPool(pool: SessionPool): string;
  addContainerGroup(group: ContainerGroup): string;
  /** A site, or a slot of one. */
  addSite(options: Site): string;
  addRegistry(registry: Registry): string;
  addSubAssessment(finding: SubAssessment): void;
  /** Deletes a resource by its id; Resource Graph tells of it for a while. */
  remove(id: string): void;
  fail(fault: ArmFault): void;
  close(): Promise<void>;
}

export interface ArmOptions {
  /** One that is free unless told. */
  readonly port?: number;
  /** Items and rows of one page, 1,000 unless told. */
  readonly pageSize?: number;
}

const question = z.object({
  subscriptions: z.array(z.string()),
  query: z.string(),
  options: z.object({
    resultFormat: z.literal('objectArray'),
    $top: z.number(),
    $skipToken: z.optional(z.string()),
  }),
});

/**
 * Starts what the Azure inventory asks of Azure Resource Manager: subscriptions, descendants of management groups,
 * resources, their revisions, executions, sidecars, tasks and web configuration, and the queries to Resource Graph. It takes
 * any bearer token. Shapes are those of https://github.com/Azure/azure-rest-api-specs (`app`, `web`, `containerinstance`,
 * `containerregistry`, `resourcegraph`, `subscription`, `managementgroups`) and https://learn.microsoft.com/rest/api/azure.
 */
export async function startArm({ port = 0, pageSize = 1_000 }: ArmOptions = {}): Promise<ArmStandIn> {
  const requests: ArmRequest[] = [];
  const faults = armFaults();
  const resources = new Map<string, ArmResource>();
  const removed = new Set<string>();
  const subAssessments: SubAssessment[] = [];
  const subscriptions = new Map<string, { readonly isRefused: boolean }>();
  const managementGroups = new Map<string, readonly string[]>();
  const graph: GraphFaults = { truncated: false, repeatsPage: false, withoutData: false, lostRows: 0 };

  function keep(resource: ArmResource): string {
    resources.set(resource.id.toLowerCase(), resource);
    removed.delete(resource.id.toLowerCase());
    if (!subscriptions.has(resource.subscription))
      subscriptions.set(resource.subscription, { isRefused: false });
    return resource.id;
  }

  function answerTo({ method, path, authorization, body }: ArmRequest): Answer {
    if (!/^Bearer \S+$/.test(authorization ?? '')) return refusal(401, 'AuthenticationFailed');
    const url = new URL(path, endpoint);
    if (!url.searchParams.has('api-version')) return refusal(400, 'MissingApiVersionParameter');
    const target = decodeURIComponent(url.pathname).toLowerCase();
    if (target === '/providers/microsoft.resourcegraph/resources') {
      return method === 'POST' ? graphAnswer(body) : refusal(405, 'MethodNotAllowed');
    }
    if (method !== 'GET') return refusal(405, 'MethodNotAllowed');
    const [, group] =
      /^\/providers\/microsoft\.management\/managementgroups\/([^/]+)\/descendants$/.exec(target) ?? [];
    if (group !== undefined) return descendants(group, url);
    const [, subscription = ''] = /^\/subscriptions\/([^/]+)/.exec(target) ?? [];
    const known = subscriptions.get(subscription);
    if (known === undefined) return refusal(404, 'SubscriptionNotFound');
    if (known.isRefused) return refusal(403, 'AuthorizationFailed');
    if (target === `/subscriptions/${subscription}`) {
      return { status: 200, body: { id: target, subscriptionId: subscription, state: 'Enabled' } };
    }
    return resourceAnswer(target, url);
  }

  function resourceAnswer(target: string, url: URL): Answer {
    const whole = held(target);
    if (whole !== undefined) {
      const { id, name, type, kind, tags, properties } = whole;
      return { status: 200, body: { id, name, type, kind, tags, location: 'westeurope', properties } };
    }
    const cut = target.lastIndexOf('/');
    const configured = held(target.replace(/\/config\/web$/, ''))?.configuration;
    if (configured !== undefined)
      return { status: 200, body: { id: target, name: 'web', properties: configured } };
    const parent = held(target.slice(0, cut));
    const list = parent?.lists[target.slice(cut + 1)];
    return list === undefined ? refusal(404, 'ResourceNotFound') : pageOf(list, url);
  }

  function held(id: string): ArmResource | undefined {
    return removed.has(id) ? undefined : resources.get(id);
  }

  function descendants(group: string, url: URL): Answer {
    const below = managementGroups.get(group);
    if (below === undefined) return refusal(403, 'AuthorizationFailed');
    const items = [
      {
        id: `/providers/Microsoft.Management/managementGroups/${group}-child`,
        type: 'Microsoft.Management/managementGroups',
        name: `${group}-child`,
      },
      ...below.map((id) => ({ id: `/subscriptions/${id}`, type: '/subscriptions', name: id })),
    ];
    return pageOf(items, url);
  }

  function pageOf(items: readonly unknown[], url: URL): Answer {
    const first = Number(url.searchParams.get('$skiptoken') ?? '0');
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(first + pageSize));
    const hasMore = first + pageSize < items.length;
    const value = items.slice(first, first + pageSize);
    return { status: 200, body: { value, ...(hasMore ? { nextLink: next.href } : {}) } };
  }

  function graphAnswer(body: string): Answer {
    const read = question.safeParse(JSON.parse(body));
    if (!read.success) return refusal(400, 'BadRequest');
    const { query, options } = read.data;
    const asked = new Set(
      read.data.subscriptions.filter((id) => subscriptions.get(id.toLowerCase())?.isRefused === false),
    );
    const rows = rowsOf(query, {
      resources: [...resources.values()].filter(({ subscription }) => asked.has(subscription)),
      subAssessments: subAssessments.filter(({ subscription = zeroSubscription }) => asked.has(subscription)),
    });
    if (rows === undefined) return refusal(400, 'InvalidQuery');
    const size = Math.min(pageSize, options.$top);
    const first = graph.repeatsPage ? 0 : Number(options.$skipToken ?? '0');
    const left = rows.slice(0, rows.length - graph.lostRows);
    const data = left.slice(first, first + size);
    const hasMore = first + size < left.length || graph.repeatsPage;
    return {
      status: 200,
      body: {
        totalRecords: rows.length,
        count: data.length,
        resultTruncated: hasMore ? 'true' : 'false',
        ...(graph.withoutData ? {} : { data }),
        ...(hasMore && !graph.truncated ? { $skipToken: String(first + size) } : {}),
        facets: [],
      },
    };
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(Buffer.from(chunk));
    const request: ArmRequest = {
      method: message.method ?? '',
      path: message.url ?? '',
      authorization: message.headers.authorization,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    requests.push(request);
    const fault = faults.next(decodeURIComponent(new URL(request.path, endpoint).pathname));
    if (fault === 'silence') return;
    const { status, body, headers } = fault === undefined || fault === 'cut' ? answerTo(request) : fault;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      ...headers,
    });
    if (fault !== 'cut') response.end(text);
    else response.write(text.slice(0, text.length / 2), () => response.destroy());
  }

  const server = createServer((message, response) => {
    handle(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`;

  return {
    endpoint,
    requests,
    graph,
    addSubscription: (id, { isRefused = false } = {}) =>
      void subscriptions.set(id.toLowerCase(), { isRefused }),
    addManagementGroup: (id, below) => void managementGroups.set(id.toLowerCase(), below),
    addContainerApp: (app) => keep(containerApp(app)),
    addJob: (options) => keep(job(options)),
    addSessionPool: (pool) => keep(sessionPool(pool)),
    addContainerGroup: (group) => keep(containerGroup(group)),
    addSite: (options) => keep(site(options)),
    addRegistry: (registry) => keep(containerRegistry(registry)),
    addSubAssessment: (finding) => void subAssessments.push(finding),
    remove: (id) => void removed.add(id.toLowerCase()),
    fail: faults.add,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
