import {
  app,
  type HttpMethod,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from '@azure/functions';
import type * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import { lineOf } from '../functions/log-line.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import type { RouteDocument } from './document.ts';
import { type AuthMode, type Principal, principalOf, type Role } from './principal.ts';
import { badBody, badParameters, type Problem, problemResponse, RequestProblem } from './problem.ts';

/** A body as a route reads it, or every problem that keeps it from being one. */
export type BodyReading<B> =
  | { readonly ok: true; readonly value: B }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/** A body as it was sent. */
export interface SentBody {
  readonly text: string;
  /** The request's `Content-Type` header. */
  readonly contentType: string;
}

/** Parts of a path by name, decoded and not checked. */
type PathParts = Readonly<Record<string, string>>;

/** A request as a route sees it: parameters and body read, caller known and allowed. */
export interface ReadRequest<Q, B = undefined, P = PathParts> {
  /** The body as it was sent, where the route reads it by itself. */
  readonly sent: SentBody | undefined;
  /** The path's parameters. */
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: Principal | undefined;
  /** The request's `Accept` header. */
  readonly accept: string;
  /** The request's own URL, for links. */
  readonly url: string;
}

/** One route of the API: what it takes, who may call it, what it does. Validation and documents come from here. */
export interface Route<S extends z.ZodMiniType = z.ZodMiniType, B = unknown, P = unknown> {
  /** Name of the function, such as `getHistory`. */
  readonly name: string;
  readonly method: HttpMethod;
  /** Path below `/api/v1/`; parameters in it are written `{name}`. */
  readonly path: string;
  /** One sentence for the reference. */
  readonly summary: string;
  /** What the reference says beyond that. */
  readonly document: RouteDocument;
  /** Absent: anyone, without signing in. */
  readonly role?: Role;
  readonly query: S;
  /** Reads the JSON of a body; absent where none is taken. Never throws. */
  readonly body?: (json: unknown) => BodyReading<B>;
  /** Characters of a body that the route reads by itself; absent where it takes none, or JSON alone. */
  readonly mostSent?: number;
  /** Reads the path's parameters, which come percent-decoded; absent where they are taken as they come. */
  readonly params?: z.ZodMiniType<P>;
  answer(request: ReadRequest<z.output<S>, B, P>): Promise<HttpResponseInit>;
}

/** A route with the types of its parameters and body known to its answer. */
export function route<S extends z.ZodMiniType, B = undefined, P = PathParts>(
  definition: Route<S, B, P>,
): Route<S, B, P> {
  return definition;
}

/** Makes the routes functions of the app. */
export function registerRoutes(routes: readonly Route[], mode: AuthMode): void {
  for (const each of routes) {
    app.http(each.name, {
      methods: [each.method],
      route: `api/v1/${each.path}`,
      authLevel: 'anonymous',
      handler: (request, context) => answerTo(each, mode, request, context),
    });
  }
}

/** Answers a request to a route: 401 and 403 before anything is read, problems as RFC 9457, faults as 503 or 500. */
export async function answerTo(
  to: Route,
  mode: AuthMode,
  request: HttpRequest,
  context: Pick<InvocationContext, 'error' | 'invocationId'>,
): Promise<HttpResponseInit> {
  try {
    const principal = principalOf(request.headers, mode);
    const refused = refusal(to.role, principal);
    if (refused !== undefined) return problemResponse(refused);
    const params = to.params === undefined ? request.params : readParameters(to.params, request.params);
    const query = readQuery(to.query, request.query);
    const accept = request.headers.get('accept') ?? '*/*';
    const body = to.body === undefined ? undefined : await readBody(to.body, request);
    const sent = to.mostSent === undefined ? undefined : await readSent(to.mostSent, request);
    return await to.answer({ params, query, body, sent, principal, accept, url: request.url });
  } catch (error) {
    if (error instanceof RequestProblem) return problemResponse(error.problem);
    const cause = error instanceof Error ? error.cause : undefined;
    const line = lineOf('error', 'request failed', {
      route: to.name,
      invocation: context.invocationId,
      error: String(error),
      ...(cause === undefined ? {} : { cause: String(cause) }),
    });
    context.error(line);
    return problemResponse(problemOf(error, context.invocationId));
  }
}

/** Why a caller may not have what needs a role; `undefined` when it may. */
export function refusal(role: Role | undefined, principal: Principal | undefined): Problem | undefined {
  if (role === undefined) return undefined;
  if (principal === undefined) {
    return {
      status: 401,
      type: 'not-signed-in',
      title: 'Sign in first',
      detail: `This needs the role ${role}.`,
    };
  }
  if (principal.roles.has(role)) return undefined;
  const detail = `This needs the app role ${role}, which ${principal.name} does not have.`;
  return { status: 403, type: 'not-allowed', title: 'Not allowed', detail };
}

/** Reads the parameters of a query by their schema; throws a {@link badParameters} problem. */
export function readQuery<S extends z.ZodMiniType>(schema: S, query: URLSearchParams): z.output<S> {
  const names = [...new Set(query.keys())];
  const repeated = names.filter((name) => query.getAll(name).length > 1);
  if (repeated.length > 0) {
    throw badParameters(repeated.map((name) => ({ name, reason: 'is given more than once: give it once' })));
  }
  return readParameters(schema, Object.fromEntries(query));
}

function readParameters<S extends z.ZodMiniType>(
  schema: S,
  parameters: Readonly<Record<string, string>>,
): z.output<S> {
  const result = schema.safeParse(parameters);
  if (result.success) return result.data;
  throw badParameters(
    result.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((name) => ({ name, reason: 'is not a parameter of this route' }))
        : [{ name: String(issue.path[0]), reason: issue.message }],
    ),
  );
}

/** Characters of a body, more than any route needs. */
const maxBodyLength = 1_048_576;

async function readBody<B>(read: (json: unknown) => BodyReading<B>, request: HttpRequest): Promise<B> {
  // A page of another site can have a browser post a form, but not JSON, without asking first.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? '')) {
    throw new RequestProblem({
      status: 415,
      type: 'not-json',
      title: 'The body is not JSON',
      detail: 'Send JSON with the header content-type: application/json.',
    });
  }
  const { text } = await readSent(maxBodyLength, request);
  const reading = read(parsed(text));
  if (!reading.ok) throw badBody(reading.problems);
  return reading.value;
}

/** Reads a body of at most so many characters; throws a problem above that. */
export async function readSent(most: number, request: HttpRequest): Promise<SentBody> {
  const tooLong = (length: number) =>
    new RequestProblem({
      status: 413,
      type: 'too-long',
      title: 'The body is too long',
      detail: `It has ${length} characters: at most ${most}.`,
    });
  // Four bytes make a character at most.
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > most * 4) throw tooLong(announced);
  const text = await request.text();
  if (text.length > most) throw tooLong(text.length);
  return { text, contentType: request.headers.get('content-type') ?? '' };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badBody([{ field: '$', problem: 'is not JSON: expected an object' }]);
  }
}

/** What is told of a fault. */
export function problemOf(error: unknown, invocationId: string): Problem {
  if (error instanceof AuditFault && error.retryable) {
    return {
      status: 503,
      type: 'try-again',
      title: 'Storage did not answer',
      detail: 'Nothing was lost; try again in a moment.',
      members: { invocationId },
    };
  }
  const detail = 'The fault was logged under this invocation id.';
  return { status: 500, type: 'internal', title: 'Something broke', detail, members: { invocationId } };
}
