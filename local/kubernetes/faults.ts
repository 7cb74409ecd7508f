import type { ServerResponse } from 'node:http';
import { type JsonAnswer, type Listing, status } from './listing.ts';
import { type Resource, resources } from './object.ts';

/** What a list can be made to do instead of answering as it should. */
export const listFaults = [
  'unauthorized',
  'forbidden',
  'missing',
  'throttled',
  'throttled for an hour',
  'broken',
  'expired',
  'always expired',
  'cut off',
  'hung up',
  'silent',
  'empty page',
  'endless',
  'half-read',
  'not JSON',
  'another list',
] as const;
export type ListFault = (typeof listFaults)[number];

export interface FaultyRequest {
  readonly resource: Resource;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  readonly list: Listing;
}

/** Answers as the fault says; `undefined` when the connection itself was made to fail. */
export function answerFaulty(
  fault: ListFault,
  { resource, query, response, list }: FaultyRequest,
): JsonAnswer | undefined {
  const isContinued = query.has('continue');
  const { apiVersion, kind } = resources[resource];
  switch (fault) {
    case 'unauthorized':
      return status(401, 'Unauthorized', 'Unauthorized');
    case 'forbidden':
      return status(
        403,
        'Forbidden',
        `${resource} is forbidden: User "acr-audit" cannot list resource "${resource}"`,
      );
    case 'missing':
      return status(404, 'NotFound', 'the server could not find the requested resource');
    case 'throttled':
    case 'throttled for an hour':
      response.setHeader('Retry-After', fault === 'throttled' ? '1' : '3600');
      return status(429, 'TooManyRequests', 'too many requests, please try again later');
    case 'broken':
      return status(500, 'InternalError', 'etcdserver: request timed out');
    case 'expired':
    case 'always expired':
      return isContinued
        ? status(410, 'Expired', 'The provided continue parameter is too old')
        : list(resource, query);
    case 'cut off':
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write(`{"kind":"${kind}List","apiVersion":"${apiVersion}","items":[`, () =>
        response.destroy(),
      );
      return undefined;
    case 'hung up':
      response.destroy();
      return undefined;
    case 'silent':
      return undefined;
    case 'empty page':
      // Before the others, as servers may give where they filter.
      return list(resource, query, 0);
    case 'endless':
      return {
        status: 200,
        body: { kind: `${kind}List`, apiVersion, metadata: { continue: 'again' }, items: [] },
      };
    case 'half-read':
      return isContinued ? status(404, 'NotFound', 'page not found') : list(resource, query);
    case 'not JSON':
      return { status: 200, body: '<html>Sign in</html>' };
    case 'another list':
      return { status: 200, body: { kind: 'List', apiVersion: 'v1', metadata: {}, items: [] } };
  }
}
