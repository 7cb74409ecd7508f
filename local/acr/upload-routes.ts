import { digestAlgorithm, parseDigest } from '../../src/registry/digest.ts';
import { isRepositoryName } from '../../src/registry/name.ts';
import { digestOfFile } from './content-store.ts';
import { parameter, type RegistryRequest, type Reply } from './message.ts';
import type { RegistryPorts } from './ports.ts';
import { badRequest, RegistryProblem } from './problem.ts';
import { readDigest } from './reference.ts';
import type { Route } from './routing.ts';
import type { Upload, UploadStore } from './upload-store.ts';

const startPattern = /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/;
const uploadPattern = /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<upload>[^/]+)$/;
const pushAccess = { actions: [['pull', 'push']] } as const;

function location(name: string, { id }: Upload): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

function progressHeaders(name: string, upload: Upload): Readonly<Record<string, string>> {
  return {
    Location: location(name, upload),
    Range: `0-${Math.max(0, upload.size - 1)}`,
    'Docker-Upload-UUID': upload.id,
  };
}

/** A chunk must begin where the last one ended. */
function requireInOrder(name: string, upload: Upload, header: string | undefined): void {
  if (header === undefined) {
    return;
  }
  const [, start] = /^(?:bytes )?(\d{1,15})-\d{1,15}(?:\/(?:\d+|\*))?$/.exec(header) ?? [];
  if (start === undefined || Number(start) !== upload.size) {
    throw new RegistryProblem(416, 'BLOB_UPLOAD_INVALID', 'The chunk is out of order.', {
      headers: progressHeaders(name, upload),
    });
  }
}

/** Uploads whole, in chunks, or by mounting from another repository: the OCI distribution specification. */
export function uploadRoutes({ state, content }: RegistryPorts, uploads: UploadStore): readonly Route[] {
  function created(name: string, digest: string): Reply {
    return {
      status: 201,
      headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
    };
  }

  /** A mount the caller may not make, or of an unknown blob, falls back to an upload. */
  function mount(request: RegistryRequest, name: string): Reply | undefined {
    const from = request.query.get('from') ?? '';
    const digest = parseDigest(request.query.get('mount') ?? '');
    if (digest === undefined || !isRepositoryName(from) || !request.mayAlso(from, 'pull')) {
      return undefined;
    }
    const size = state.blobs(from).get(digest);
    if (size === undefined) {
      return undefined;
    }
    state.commit([{ op: 'blob', repository: name, digest, size }]);
    return created(name, digest);
  }

  async function complete(name: string, upload: Upload, text: string): Promise<Reply> {
    const digest = readDigest(text);
    if ((await digestOfFile(upload.file, digestAlgorithm(digest))) !== digest) {
      throw badRequest('DIGEST_INVALID', 'provided digest did not match uploaded content');
    }
    await content.adopt(digest, upload.file);
    await uploads.forget(upload.id);
    state.commit([{ op: 'blob', repository: name, digest, size: upload.size }]);
    return created(name, digest);
  }

  async function start(request: RegistryRequest): Promise<Reply> {
    const name = parameter(request, 'name');
    const mounted = mount(request, name);
    if (mounted !== undefined) {
      return mounted;
    }
    const digest = request.query.get('digest');
    if (digest === null) {
      return { status: 202, headers: progressHeaders(name, await uploads.begin(name)) };
    }
    readDigest(digest);
    const upload = await uploads.begin(name);
    try {
      return await complete(name, await uploads.append(upload, request.body), digest);
    } finally {
      // Nobody was told of this upload, so nobody can go on with it.
      await uploads.forget(upload.id);
    }
  }

  function exclusively(
    request: RegistryRequest,
    action: (name: string, upload: Upload) => Promise<Reply>,
  ): Promise<Reply> {
    const name = parameter(request, 'name');
    const id = parameter(request, 'upload');
    return uploads.exclusively(id, async () => action(name, await uploads.find(name, id)));
  }

  const append = (request: RegistryRequest): Promise<Reply> =>
    exclusively(request, async (name, upload) => {
      requireInOrder(name, upload, request.headers['content-range']);
      const grown = await uploads.append(upload, request.body);
      return { status: 202, headers: progressHeaders(name, grown) };
    });

  const finish = (request: RegistryRequest): Promise<Reply> =>
    exclusively(request, async (name, upload) => {
      requireInOrder(name, upload, request.headers['content-range']);
      const digest = request.query.get('digest') ?? '';
      readDigest(digest);
      return complete(name, await uploads.append(upload, request.body), digest);
    });

  const progress = (request: RegistryRequest): Promise<Reply> =>
    exclusively(request, async (name, upload) => ({ status: 204, headers: progressHeaders(name, upload) }));

  const cancel = (request: RegistryRequest): Promise<Reply> =>
    exclusively(request, async (_, upload) => {
      await uploads.forget(upload.id);
      return { status: 204 };
    });

  return [
    { method: 'POST', pattern: startPattern, access: pushAccess, handle: start },
    { method: 'PATCH', pattern: uploadPattern, access: pushAccess, handle: append },
    { method: 'PUT', pattern: uploadPattern, access: pushAccess, handle: finish },
    { method: 'GET', pattern: uploadPattern, access: pushAccess, handle: progress },
    { method: 'DELETE', pattern: uploadPattern, access: pushAccess, handle: cancel },
  ];
}
