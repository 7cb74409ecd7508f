import * as z from 'zod/mini';
import { openapiDocument } from './documents/status.ts';
import { openapiOf } from './openapi.ts';
import { type Route, route } from './route.ts';

/** `GET openapi.json`: the routes, and this one, as an OpenAPI document. It is made when it is first asked for. */
export function openapiRoute(others: readonly Route[]) {
  let text: string | undefined;
  const own: Route = route({
    name: 'getOpenapi',
    method: 'GET',
    path: 'openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    document: openapiDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer() {
      text ??= JSON.stringify(openapiOf([...others, own]));
      return { headers: { 'cache-control': 'no-store', 'content-type': 'application/json' }, body: text };
    },
  });
  return own;
}
