import { type Resource, resources, type StoredObject } from './object.ts';
import type { ClusterState } from './state.ts';

/** Something to be sent as JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Lists of a resource, whole or in pages of one snapshot; `pageLength` instead of what the query asks for. */
export type Listing = (resource: Resource, query: URLSearchParams, pageLength?: number) => JsonAnswer;

/** Snapshots that tokens for next pages may still ask for. */
const maxSnapshots = 50;

/** Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks */
export function listing(state: ClusterState): Listing {
  const snapshots = new Map<string, readonly StoredObject[]>();

  function keep(key: string, objects: readonly StoredObject[]): void {
    snapshots.set(key, objects);
    for (const oldest of [...snapshots.keys()].slice(0, -maxSnapshots)) snapshots.delete(oldest);
  }

  return (resource, query, pageLength) => {
    const { kind, apiVersion } = resources[resource];
    const limit = Number(query.get('limit') ?? 0);
    const asked = query.get('continue');
    const [version = '', start = '0'] =
      asked === null
        ? [String(state.version), '0']
        : Buffer.from(asked, 'base64url').toString('utf8').split(':');
    const key = `${resource}:${version}`;
    const all = asked === null ? state.list(resource) : snapshots.get(key);
    if (all === undefined || !/^\d+$/.test(start)) return status(410, 'Expired', expiredMessage);
    const from = Number(start);
    const end = pageLength === undefined ? (limit > 0 ? from + limit : all.length) : from + pageLength;
    const isLast = end >= all.length;
    if (!isLast) keep(key, all);
    return {
      status: 200,
      body: {
        kind: `${kind}List`,
        apiVersion,
        metadata: {
          resourceVersion: version,
          ...(isLast
            ? {}
            : {
                continue: Buffer.from(`${version}:${end}`).toString('base64url'),
                remainingItemCount: all.length - end,
              }),
        },
        // As from a real server, the items don't say their kind.
        items: all.slice(from, end),
      },
    };
  };
}

const expiredMessage =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter.';

/** A refusal: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export function status(code: number, reason: string, message: string): JsonAnswer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return { status: code, body };
}
