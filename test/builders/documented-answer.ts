import { isDeepStrictEqual } from 'node:util';
import type { HttpResponse } from '@azure/functions';
import type { Route } from '../../src/api/route.ts';

/** Lets an answer through when it is as the reference says; throws what it says otherwise. */
export async function documented(route: Route, answer: HttpResponse): Promise<HttpResponse> {
  const { status = 200, answer: schema } = route.document;
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status >= 300 || !/^application\/json\b/.test(type)) return answer;
  const problem = (text: string) =>
    new Error(`${route.name} answered otherwise than its document says: ${text}`);
  if (answer.status !== status) throw problem(`${answer.status} instead of ${status}`);
  if (schema === undefined) throw problem('with JSON');
  const json: unknown = await answer.clone().json();
  const reading = schema.safeParse(json);
  if (!reading.success) throw problem(JSON.stringify(reading.error.issues));
  // What the schema does not know it leaves out.
  if (!isDeepStrictEqual(plain(reading.data), plain(json)))
    throw problem(`unknown fields in ${JSON.stringify(json)}`);
  return answer;
}

/** As objects of one realm, whichever made them. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
