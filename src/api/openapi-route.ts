import * as z from 'zod/mini';
import { openapiDocument } from './documents/status.ts';
import { type Route, route } from './route.ts';

/** What the API says of itself. */
export interface ApiReference {
  /** `GET openapi.json`. */
  readonly route: Route;
  /** The same document: https://spec.openapis.org/oas/v3.1.1.html. */
  readonly document: () => Promise<Readonly<Record<string, unknown>>>;
}

/** The routes, and the one that tells of them, as an OpenAPI document. It is made, and what makes it loaded, when it is first asked for. */
export function apiReference(others: readonly Route[]): ApiReference {
  let made: ReturnType<ApiReference['document']> | undefined;
  const document = () => {
    made ??= import('./openapi.ts').then(({ openapiOf }) => openapiOf([...others, own]));
    return made;
  };
  const own: Route = route({
    name: 'getOpenapi',
    method: 'GET',
    path: 'openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    document: openapiDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    async answer() {
      const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' };
      return { headers, body: JSON.stringify(await document()) };
    },
  });
  return { route: own, document };
}
