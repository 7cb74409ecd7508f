import { z } from 'zod';
import type { HttpData, InvocationResponse } from './core-api.ts';
import type { HostedFunction } from './function-metadata.ts';
import { toHostResponse, toHttpData, traceOf } from './http-message.ts';
import {
  type HostHandler,
  type HostRequest,
  type HostResponse,
  maximumBodySize,
  RequestFault,
} from './http-server.ts';
import type { Invoker } from './invocation.ts';
import type { Access } from './keys.ts';
import type { HostLog } from './log.ts';
import { compileRoute, type Route } from './route.ts';

const properties = z.object({
  authLevel: z.enum(['anonymous', 'function', 'admin']).default('function'),
  methods: z.array(z.string().transform((method) => method.toUpperCase())).default([]),
  route: z.string().optional(),
});

/** An HTTP function and where it listens. */
export interface HttpEndpoint {
  readonly target: HostedFunction;
  readonly route: Route;
  /** Empty for every method. */
  readonly methods: readonly string[];
  readonly authLevel: 'anonymous' | 'function' | 'admin';
}

/** Reads the routes of HTTP functions, most specific first; routes that Azure refuses are reported. */
export function httpEndpoints(
  targets: readonly HostedFunction[],
  report: (problem: string) => void,
): readonly HttpEndpoint[] {
  const endpoints: HttpEndpoint[] = [];
  for (const target of targets) {
    const parsed = properties.safeParse(target.trigger.properties);
    if (!parsed.success) {
      report(`function "${target.name}": ${z.prettifyError(parsed.error)}`);
      continue;
    }
    const { authLevel, methods } = parsed.data;
    const route = compileRoute(parsed.data.route ?? target.name);
    if (typeof route === 'string') report(`function "${target.name}": the route ${route}`);
    else if (/^\/?(admin|runtime)(\/|$)/i.test(route.template)) {
      report(`function "${target.name}": the route "${route.template}" belongs to the host`);
    } else {
      const rival = endpoints.find((other) => collides(other, { route, methods }));
      if (rival)
        report(`functions "${rival.target.name}" and "${target.name}" share the route "${route.template}"`);
      endpoints.push({ target, route, methods, authLevel });
    }
  }
  return endpoints.toSorted((a, b) => (a.route.precedence < b.route.precedence ? -1 : 1));
}

function collides(
  one: Pick<HttpEndpoint, 'route' | 'methods'>,
  other: Pick<HttpEndpoint, 'route' | 'methods'>,
) {
  const shape = ({ template }: Route) => template.replace(/\{(\*?)\w+/g, '{$1').toLowerCase();
  const overlap =
    one.methods.length === 0 ||
    other.methods.length === 0 ||
    one.methods.some((m) => other.methods.includes(m));
  return overlap && shape(one.route) === shape(other.route);
}

export interface HttpTriggerOptions {
  readonly endpoints: readonly HttpEndpoint[];
  readonly routePrefix: string;
  readonly invoker: Invoker;
  readonly access: Access;
  readonly log: HostLog;
}

/**
 * Serves HTTP functions: 404 where no route and method fit, 500 without a body when the function throws, 204 when
 * it returns nothing.
 */
export function createHttpTrigger({
  endpoints,
  routePrefix,
  invoker,
  access,
  log,
}: HttpTriggerOptions): HostHandler {
  const prefix = routePrefix === '' ? '/' : `/${routePrefix}/`;

  return async (request) => {
    const matched = find(endpoints, prefix, request);
    if (matched === undefined) return { status: 404 };
    const { target, authLevel, params } = matched;
    if (!access.allows(request, authLevel, target.name)) return { status: 401 };
    const http = toHttpData(request, params, await readForwardedBody(request, target.name, log));
    const outcome = await invoker.invoke(target, {
      inputData: [{ name: target.trigger.name, data: { http } }],
      ...traceOf(request),
    });
    return outcome.succeeded ? responseOf(target, outcome.response) : { status: 500 };
  };
}

function find(endpoints: readonly HttpEndpoint[], prefix: string, { method, path }: HostRequest) {
  if (!`${path}/`.toLowerCase().startsWith(prefix.toLowerCase())) return undefined;
  const rest = path.slice(prefix.length);
  for (const endpoint of endpoints) {
    if (endpoint.target.disabled) continue;
    if (endpoint.methods.length > 0 && !endpoint.methods.includes(method)) continue;
    const params = endpoint.route.match(rest);
    if (params !== undefined) return { ...endpoint, params };
  }
  return undefined;
}

// The host on Azure forwards a body only if the request says how long it is (RpcMessageConversionExtensions:
// ContentLength > 0), so a chunked upload arrives empty there. The same here, but not silently.
async function readForwardedBody(request: HostRequest, name: string, log: HostLog): Promise<Uint8Array> {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  if (Number(length ?? 0) > maximumBodySize)
    throw new RequestFault(413, `A body may hold ${maximumBodySize} bytes at most.`);
  if (encoding === undefined) return request.body();
  log('warning', name, 'The body was dropped because the request has no Content-Length, as on Azure.');
  return new Uint8Array();
}

function responseOf({ metadata }: HostedFunction, response: InvocationResponse): HostResponse {
  const http: HttpData | undefined =
    response.returnValue?.http ??
    response.outputData?.find(({ name }) => metadata.bindings[name]?.type.toLowerCase() === 'http')?.data
      .http;
  return http === undefined ? { status: 204 } : toHostResponse(http);
}
