import { HttpRequest, HttpResponse } from '@azure/functions';
import type { AuthMode } from '../../src/api/principal.ts';
import { answerTo, type Route } from '../../src/api/route.ts';
import { documented } from './documented-answer.ts';

/** A request to a route. */
export interface Asked {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of a body. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mode?: AuthMode;
}

/** Asks some routes by method and path below `/api/v1/`, as the host would: path parameters are decoded. */
export function routeCaller(routes: readonly Route[]) {
  return async (method: 'GET' | 'POST' | 'PUT', path: string, asked: Asked = {}): Promise<HttpResponse> => {
    const { body, text, headers = {}, mode = 'development' } = asked;
    const url = new URL(`https://audit.example/api/v1/${path}`);
    const parts = url.pathname.replace('/api/v1/', '').split('/');
    const isOf = (route: Route) => {
      const named = route.path.split('/');
      return (
        named.length === parts.length &&
        named.every((part, place) => /^\{/.test(part) || part === parts[place])
      );
    };
    const route = routes.find((each) => each.method === method && isOf(each));
    if (route === undefined) throw new Error(`no route ${method} ${path}`);
    const params = Object.fromEntries(
      route.path.split('/').flatMap((part, place) => {
        const name = /^\{(.*)\}$/.exec(part)?.[1];
        return name === undefined ? [] : [[name, decodeURIComponent(parts[place] ?? '')]];
      }),
    );
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const request = new HttpRequest({
      method,
      url: url.href,
      params,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: { string: sent } }),
    });
    const context = { error: () => {}, invocationId: 'i-1' };
    return documented(route, new HttpResponse(await answerTo(route, mode, request, context)));
  };
}
