import type { HttpCookie, HttpData, InvocationRequest, NullableString } from './core-api.ts';
import type { HostRequest, HostResponse } from './http-server.ts';

// These belong to the connection, which is the host's.
// https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

/** A request in the form that the library takes; values that occur several times are joined, as on Azure. */
export function toHttpData(
  { method, url, headers }: HostRequest,
  params: Readonly<Record<string, string>>,
  bytes: Uint8Array,
): HttpData {
  const query: Record<string, NullableString> = Object.create(null);
  for (const name of new Set(url.searchParams.keys()))
    query[name] = { value: url.searchParams.getAll(name).join(',') };
  return {
    method,
    url: url.href,
    nullableHeaders: nullable(headers),
    nullableParams: nullable(params),
    nullableQuery: query,
    body: bytes.length > 0 ? { bytes } : null,
  };
}

function nullable(values: Readonly<Record<string, string | readonly string[] | undefined>>) {
  const result: Record<string, NullableString> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) result[name] = { value: typeof value === 'string' ? value : value.join(',') };
  }
  return result;
}

/** The caller's trace, if the request names one. */
export function traceOf({ headers }: HostRequest): Pick<InvocationRequest, 'traceContext'> {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string' || !/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent))
    return {};
  const traceState = typeof tracestate === 'string' ? tracestate : '';
  return { traceContext: { traceParent: traceparent, traceState, attributes: {} } };
}

/** What a function answered, in the form that the host sends. */
export function toHostResponse(data: HttpData): HostResponse {
  const status = Number(data.statusCode ?? '200');
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(data.headers ?? {})) {
    if (!connectionHeaders.has(name.toLowerCase())) headers[name] = value;
  }
  if (data.cookies !== undefined && data.cookies.length > 0)
    headers['set-cookie'] = data.cookies.map(serializeCookie);
  const body = data.body?.bytes ?? data.body?.string;
  return body === undefined ? { status, headers } : { status, headers, body };
}

/** @see https://www.rfc-editor.org/rfc/rfc6265.html#section-4.1.1 */
function serializeCookie(cookie: HttpCookie): string {
  const parts = [`${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`];
  const attribute = (name: string, value: string) =>
    parts.push(`${name}=${value.replace(/[;\p{Cc}]/gu, '')}`);
  if (cookie.expires) attribute('expires', new Date(cookie.expires.value.seconds * 1000).toUTCString());
  if (cookie.maxAge) attribute('max-age', String(Math.trunc(cookie.maxAge.value)));
  if (cookie.domain) attribute('domain', cookie.domain.value);
  if (cookie.path) attribute('path', cookie.path.value);
  if (cookie.secure?.value === true) parts.push('secure');
  if (cookie.sameSite === 'lax' || cookie.sameSite === 'strict') attribute('samesite', cookie.sameSite);
  if (cookie.sameSite === 'explicitNone') attribute('samesite', 'none');
  if (cookie.httpOnly?.value === true) parts.push('httponly');
  return parts.join('; ');
}
