import { HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { type AuthMode, principalOf } from '../api/principal.ts';
import { answerTo, type Route, refusal } from '../api/route.ts';
import { pageHeaders } from './security-headers.ts';

/** Most pages of a list that go into one file. */
const mostPages = 10;

/**
 * A list of the API as a file of CSV, as a link cannot say that it accepts CSV: its first 10,000 rows, or fewer where the request says a limit. What the API refuses is answered as it
 * does. The file's name says when it is not all.
 */
export async function answerExport(
  lists: readonly Route[],
  mode: AuthMode,
  request: HttpRequest,
  context: Pick<InvocationContext, 'error' | 'invocationId'>,
): Promise<HttpResponseInit> {
  const path = request.params['list'] ?? '';
  const match = lists.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params === undefined ? [] : [{ route, params }];
  })[0];
  if (match === undefined) {
    const refused = refusal('Audit.Read', principalOf(request.headers, mode));
    return { status: refused?.status ?? 404, headers: { 'cache-control': 'no-store' } };
  }
  const { route, params } = match;
  const headers = { ...Object.fromEntries(request.headers), accept: 'text/csv' };
  let text = '';
  let next: string | undefined = urlOfFirst(request.url, route);
  for (let page = 0; page < mostPages && next !== undefined; page += 1) {
    const answer = await answerTo(
      route,
      mode,
      new HttpRequest({ method: 'GET', url: next, headers, params }),
      context,
    );
    if ((answer.status ?? 200) !== 200) return answer;
    const body = String(answer.body ?? '');
    text += page === 0 ? body : body.slice(body.indexOf('\n') + 1);
    next = nextOf(answer, next);
  }
  const name = `${route.path.replace(/\{[^{}]*\}\//g, '').replaceAll('/', '-')}${next === undefined ? '' : '-first-rows'}.csv`;
  return {
    headers: {
      ...pageHeaders,
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${name}"`,
    },
    body: text,
  };
}

function urlOfFirst(url: string, { query }: Route): string {
  const first = new URL(url);
  const takesLimit = 'shape' in query.def && Object.hasOwn(Object(query.def.shape), 'limit');
  if (takesLimit && !first.searchParams.has('limit')) first.searchParams.set('limit', '1000');
  return first.href;
}

function nextOf({ headers }: HttpResponseInit, from: string): string | undefined {
  const link = new Headers(headers).get('link');
  const target = link === null ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
  return target === undefined ? undefined : new URL(target, from).href;
}

/** The parameters of a path that a template matches. */
function paramsOf(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const [named, parts] = [template.split('/'), path.split('/')];
  if (named.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [place, part] of named.entries()) {
    const value = parts[place] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = value;
    else if (part !== value) return undefined;
  }
  return params;
}
