import type { HttpResponseInit } from '@azure/functions';
import type { FieldProblem } from '../registry/field-problem.ts';

/** One parameter that is wrong, and how to put it right. */
export interface ParameterProblem {
  readonly name: string;
  readonly reason: string;
}

/** An answer that says what went wrong: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457. */
export interface Problem {
  readonly status: number;
  /** Last segment of the problem's type URI; each is described in docs/api.md. */
  readonly type: string;
  readonly title: string;
  readonly detail?: string;
  readonly parameters?: readonly ParameterProblem[];
  /** Further members of this type. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown by a route's reading of its input; answered as its problem. */
export class RequestProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.name = 'RequestProblem';
    this.problem = problem;
  }
}

/** The problem of parameters that cannot be read. */
export function badParameters(parameters: readonly ParameterProblem[]): RequestProblem {
  const detail = parameters.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return new RequestProblem({
    status: 400,
    type: 'invalid-parameters',
    title: 'The request cannot be read',
    detail,
    parameters,
  });
}

/** The problem of a body with fields that cannot be read. */
export function badBody(problems: readonly FieldProblem[]): RequestProblem {
  const parameters = problems.map(({ field, problem }) => ({ name: field, reason: problem }));
  const detail = parameters.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return new RequestProblem({
    status: 400,
    type: 'invalid-body',
    title: 'The body cannot be read',
    detail,
    parameters,
  });
}

/** A problem as an answer. */
export function problemResponse(problem: Problem): HttpResponseInit {
  const { status, type, title, detail, parameters, members } = problem;
  const body = { type: `urn:acr-audit:problem:${type}`, title, status, detail, parameters, ...members };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(status === 503 ? { 'retry-after': '5' } : {}),
    },
    body: JSON.stringify(body),
  };
}
