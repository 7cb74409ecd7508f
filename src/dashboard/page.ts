import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { html } from 'hono/html';
import * as z from 'zod/mini';
import { type AuthMode, type Principal, principalOf, type Role } from '../api/principal.ts';
import { type Problem, RequestProblem } from '../api/problem.ts';
import { problemOf, readQuery, readSent, refusal } from '../api/route.ts';
import { forgery, formGuard } from './form-token.ts';
import { document, type Shown } from './layout.ts';
import { home, withQuery } from './links.ts';
import { problemPage } from './problem-page.ts';
import { pageHeaders } from './security-headers.ts';

/** A request as a page sees it: parameters read, caller known and allowed. */
export interface PageRequest<Q> {
  readonly query: Q;
  /** Parts of the path, decoded and not checked. */
  readonly params: Readonly<Record<string, string>>;
  readonly principal: Principal;
  /** The token that each form of the page has to carry, as the field `token`. */
  readonly token: string;
}

/** What a page answers: a document, or where to go on. */
export type PageAnswer = Shown | { readonly to: string };

/** A page of the dashboard, read from its address. */
export interface Page<S extends z.ZodMiniType = z.ZodMiniType> {
  /** Name of the function, such as `dashboardOverview`. */
  readonly name: string;
  /** Path below `/dashboard`, empty for its first page; parameters in it are written `{name}`. */
  readonly path: string;
  readonly query: S;
  answer(request: PageRequest<z.output<S>>): Promise<PageAnswer>;
}

/** What somebody does on a page. It changes something, so it is posted, from one of our own pages alone. */
export interface Deed {
  readonly name: string;
  readonly path: string;
  /** The role it takes beside the one to read. */
  readonly role: Role;
  answer(request: {
    readonly params: Readonly<Record<string, string>>;
    /** Fields of the form, each once; empty ones are left out. */
    readonly form: Readonly<Record<string, string>>;
    readonly principal: Principal;
  }): Promise<{ readonly to: string }>;
}

/** A page with the types of its parameters known to its answer. */
export function page<S extends z.ZodMiniType>(definition: Page<S>): Page<S> {
  return definition;
}

type Context = Pick<InvocationContext, 'error' | 'invocationId'>;

/** The role that reading takes. */
const reading: Role = 'Audit.Read';

/** Answers a request to a page: 401 and 403 before anything is read, every problem as a page that says what to do. */
export function answerPage(
  to: Page,
  mode: AuthMode,
  request: HttpRequest,
  context: Context,
): Promise<HttpResponseInit> {
  return guarded(to.name, mode, request, context, async (principal) => {
    const query = readQuery(to.query, given(request.query));
    const guard = formGuard(request.headers, mode);
    const { newCookie } = guard;
    const token = guard.token(principal.id);
    const answer = await to.answer({ query, params: request.params, principal, token });
    if ('to' in answer) return seeOther(answer.to);
    const cookies =
      newCookie === undefined
        ? []
        : [{ ...newCookie, path: '/', httpOnly: true, sameSite: 'Strict' as const }];
    return { ...(await documentOf(200, answer, principal)), cookies };
  });
}

/** Characters of a form, more than any needs. */
const mostPosted = 16_384;

/** Answers a form that was posted: by whom, and from where, before anything of it counts. */
export function answerDeed(
  to: Deed,
  mode: AuthMode,
  request: HttpRequest,
  context: Context,
): Promise<HttpResponseInit> {
  return guarded(to.name, mode, request, context, async (principal) => {
    const refused = refusal(to.role, principal);
    if (refused !== undefined) throw new RequestProblem(refused);
    const form = await readForm(request);
    const { token, ...fields } = form;
    const detail = forgery(request, mode, principal.id, token);
    if (detail !== undefined) {
      throw new RequestProblem({
        status: 403,
        type: 'forged-form',
        title: 'The form was not accepted',
        detail,
      });
    }
    const { to: next } = await to.answer({ params: request.params, form: fields, principal });
    return seeOther(next);
  });
}

async function readForm(request: HttpRequest): Promise<Readonly<Record<string, string>>> {
  const { text, contentType } = await readSent(mostPosted, request);
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType)) {
    const detail = 'Use the form of the page.';
    throw new RequestProblem({ status: 415, type: 'not-a-form', title: 'The body is no form', detail });
  }
  return readQuery(z.record(z.string(), z.string()), given(new URLSearchParams(text)));
}

/** Fields of a form that were left empty are not sent by anybody who means them. */
function given(parameters: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...parameters].filter(([, value]) => value !== ''));
}

function seeOther(to: string): HttpResponseInit {
  return { status: 303, headers: { ...pageHeaders, location: to } };
}

async function documentOf(
  status: number,
  shown: Shown,
  principal: Principal | undefined,
): Promise<HttpResponseInit> {
  return { status, headers: pageHeaders, body: String(await document(shown, principal)) };
}

async function guarded(
  name: string,
  mode: AuthMode,
  request: HttpRequest,
  context: Context,
  answer: (principal: Principal) => Promise<HttpResponseInit>,
): Promise<HttpResponseInit> {
  let principal: Principal | undefined;
  try {
    principal = principalOf(request.headers, mode);
    const refused = refusal(reading, principal);
    if (refused !== undefined || principal === undefined) {
      return await problem(refused ?? unknownCaller, principal, signIn(mode, request.url));
    }
    return await answer(principal);
  } catch (error) {
    if (error instanceof RequestProblem) return await problem(error.problem, principal);
    context.error('request failed', { page: name, error: String(error) });
    return await problem(problemOf(error, context.invocationId), principal);
  }
}

const unknownCaller: Problem = { status: 401, type: 'not-signed-in', title: 'Sign in first' };

async function problem(told: Problem, principal: Principal | undefined, signInAt?: string) {
  const answer = await documentOf(told.status, problemPage(told, signInAt), principal);
  return told.status === 503 ? { ...answer, headers: { ...answer.headers, 'retry-after': '5' } } : answer;
}

/** App Service Authentication signs in there: https://learn.microsoft.com/azure/app-service/configure-authentication-customize-sign-in-out */
function signIn(mode: AuthMode, url: string): string | undefined {
  if (mode !== 'platform') return undefined;
  const { pathname, search } = new URL(url);
  const back = pathname.startsWith(home) ? `${pathname}${search}` : home;
  return withQuery('/.auth/login/aad', { post_login_redirect_uri: back });
}

/** A token in a form. */
export function tokenField(token: string) {
  return html`<input type="hidden" name="token" value="${token}">`;
}
