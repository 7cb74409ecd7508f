import { requireReadable } from './lock-rules.ts';
import { parameter, type RegistryRequest, type Reply } from './message.ts';
import type { RegistryPorts } from './ports.ts';
import { RegistryProblem } from './problem.ts';
import { digestParameter } from './reference.ts';
import type { Route } from './routing.ts';

const pattern = /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/;

interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

function unsatisfiable(size: number): RegistryProblem {
  return new RegistryProblem(416, 'RANGE_INVALID', 'The range is not satisfiable.', {
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/**
 * Reads a `Range` header of one range (RFC 9110, 14.1.2); several are answered with the whole. The unit may be
 * missing: the SDK's resumed download sends `Range: 1024-`.
 */
export function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, from, to] = /^(?:bytes=)?(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) {
    return undefined;
  }
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start >= size || end < start) {
    throw unsatisfiable(size);
  }
  return { start, end };
}

/** `GET`, `HEAD` and `DELETE` of blobs, by the OCI distribution specification. */
export function blobRoutes({ state, content }: RegistryPorts): readonly Route[] {
  function find(request: RegistryRequest) {
    const name = parameter(request, 'name');
    const digest = digestParameter(request);
    const size = state.blobs(name).get(digest);
    if (size === undefined) {
      throw new RegistryProblem(404, 'BLOB_UNKNOWN', 'blob unknown to registry', { detail: { digest } });
    }
    return { name, digest, size };
  }

  function get(request: RegistryRequest): Reply {
    const { name, digest, size } = find(request);
    requireReadable(state.repositories.get(name));
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      'Accept-Ranges': 'bytes',
    };
    const path = content.path(digest);
    const range = request.method === 'HEAD' ? undefined : readRange(request.headers.range, size);
    if (range === undefined) {
      return { status: 200, headers, file: { path, start: 0, end: size - 1 } };
    }
    return {
      status: 206,
      headers: { ...headers, 'Content-Range': `bytes ${range.start}-${range.end}/${size}` },
      file: { path, ...range },
    };
  }

  function remove(request: RegistryRequest): Reply {
    const { name, digest } = find(request);
    state.commit([{ op: 'blob-removed', repository: name, digest }]);
    return { status: 202, headers: { 'Docker-Content-Digest': digest } };
  }

  return [
    { method: 'GET', pattern, access: { actions: [['pull']] }, handle: get },
    { method: 'DELETE', pattern, access: { actions: [['delete']] }, handle: remove },
  ];
}
