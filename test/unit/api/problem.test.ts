import { describe, expect, it } from '@jest/globals';
import { badParameters, problemResponse } from '../../../src/api/problem.ts';

function bodyOf({ body }: ReturnType<typeof problemResponse>): unknown {
  return JSON.parse(String(body));
}

describe('problem', () => {
  it('when parameters are bad, each is named with its reason, as a problem document', () => {
    const { problem } = badParameters([
      { name: 'from', reason: 'is after `to`' },
      { name: 'limit', reason: 'must be a whole number from 1 to 1000' },
    ]);
    const response = problemResponse(problem);
    expect(response.status).toBe(400);
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(bodyOf(response)).toEqual({
      type: 'urn:acr-audit:problem:invalid-parameters',
      title: 'The request cannot be read',
      status: 400,
      detail: 'from: is after `to`; limit: must be a whole number from 1 to 1000',
      parameters: [
        { name: 'from', reason: 'is after `to`' },
        { name: 'limit', reason: 'must be a whole number from 1 to 1000' },
      ],
    });
  });

  it('when a problem has members of its own, they stand beside the standard ones', () => {
    const members = { knownFrom: '2026-05-02T14:00:00.000Z' };
    const response = problemResponse({ status: 404, type: 'before-history', title: 'Too early', members });
    expect(bodyOf(response)).toEqual({
      type: 'urn:acr-audit:problem:before-history',
      title: 'Too early',
      status: 404,
      ...members,
    });
  });

  // https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.2
  it('when nobody is signed in, the answer says how to be', () => {
    const response = problemResponse({ status: 401, type: 'not-signed-in', title: 'Sign in first' });
    expect(response.headers).toMatchObject({ 'www-authenticate': 'Bearer' });
  });

  it('when trying again may help, the answer says when', () => {
    const response = problemResponse({ status: 503, type: 'try-again', title: 'Storage did not answer' });
    expect(response.headers).toMatchObject({ 'retry-after': '5' });
  });
});
