import type { Digest } from '../../src/registry/digest.ts';
import { digestAlgorithm } from '../../src/registry/digest.ts';
import { allEnabled, type Change, type ManifestRecord } from './change.ts';
import { digestOf } from './content-store.ts';
import { requireManifestDeletable, requirePushable, requireReadable } from './lock-rules.ts';
import { describeManifest } from './manifest-description.ts';
import { maxManifestBytes, readManifestDocument, requiredBlobs } from './manifest-document.ts';
import { parameter, type RegistryRequest, type Reply, readBody } from './message.ts';
import type { RegistryPorts } from './ports.ts';
import {
  badRequest,
  disallowedOperation,
  manifestTagUnknown,
  manifestUnknown,
  unsupported,
} from './problem.ts';
import { type ManifestReference, readDigest, referenceParameter } from './reference.ts';
import { deletionOf } from './removal.ts';
import type { Route } from './routing.ts';

const pattern = /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/;

/** `GET`, `HEAD`, `PUT` and `DELETE` of manifests, by the OCI distribution specification. */
export function manifestRoutes(ports: RegistryPorts): readonly Route[] {
  const { state, content, events, timestamp } = ports;

  function find(name: string, reference: ManifestReference): ManifestRecord {
    const repository = state.repositories.get(name);
    const tag = reference.kind === 'tag' ? repository?.tags.get(reference.tag) : undefined;
    if (reference.kind === 'tag' && tag === undefined) {
      throw manifestTagUnknown(name, reference.tag);
    }
    const digest = reference.kind === 'digest' ? reference.digest : (tag?.digest ?? '');
    const manifest = repository?.manifests.get(digest);
    if (manifest === undefined) {
      throw manifestUnknown(name, digest);
    }
    requireReadable(repository, tag, manifest);
    return manifest;
  }

  async function get(request: RegistryRequest): Promise<Reply> {
    const { digest, mediaType, size } = find(parameter(request, 'name'), referenceParameter(request));
    const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
    if (request.method === 'HEAD') {
      return { status: 200, headers, length: size };
    }
    return { status: 200, headers, bytes: await content.read(readDigest(digest), size) };
  }

  function requireBlobs(name: string, digests: readonly Digest[]): void {
    const known = state.blobs(name);
    const missing = digests.find((digest) => !known.has(digest));
    if (missing !== undefined) {
      throw badRequest(
        'MANIFEST_BLOB_UNKNOWN',
        'manifest references a manifest or blob unknown to registry',
        {
          digest: missing,
        },
      );
    }
  }

  /** What a push changes: the tag keeps its creation time and locks, the manifest everything it had. */
  function pushChanges(
    name: string,
    described: ManifestRecord,
    tag: string | undefined,
    at: string,
  ): readonly Change[] {
    const repository = state.repositories.get(name);
    const manifest = repository?.manifests.get(described.digest);
    const before = tag === undefined ? undefined : repository?.tags.get(tag);
    requirePushable(repository, manifest, before);
    if (state.deleted.get(name)?.manifests.has(described.digest)) {
      // A softly deleted digest can't be pushed again, only restored:
      // https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy
      throw disallowedOperation();
    }
    const changes: Change[] = [
      {
        op: 'repository',
        name,
        createdTime: repository?.createdTime ?? at,
        lastUpdateTime: at,
        changeableAttributes: repository?.changeableAttributes ?? allEnabled,
      },
    ];
    if (manifest === undefined) {
      changes.push({ op: 'manifest', repository: name, manifest: described });
    }
    if (tag !== undefined) {
      changes.push({
        op: 'tag',
        repository: name,
        tag: {
          name: tag,
          digest: described.digest,
          createdTime: before?.createdTime ?? at,
          lastUpdateTime: at,
          changeableAttributes: before?.changeableAttributes ?? allEnabled,
        },
      });
    }
    return changes;
  }

  async function put(request: RegistryRequest): Promise<Reply> {
    const name = parameter(request, 'name');
    const reference = referenceParameter(request);
    const bytes = await readBody(request.body, maxManifestBytes);
    const digest = digestOf(
      bytes,
      reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256',
    );
    if (reference.kind === 'digest' && reference.digest !== digest) {
      throw badRequest('DIGEST_INVALID', 'provided digest did not match uploaded content');
    }
    const manifest = readManifestDocument(bytes, request.headers['content-type']);
    if (manifest.kind === 'image') {
      requireBlobs(name, requiredBlobs(manifest.document));
    }
    await content.put(digest, bytes);
    const described = await describeManifest(
      { digest, size: bytes.length, manifest, at: timestamp() },
      state.repositories.get(name),
      content,
    );
    const tag = reference.kind === 'tag' ? reference.tag : undefined;
    const at = timestamp();
    const changes = pushChanges(name, described, tag, at);
    state.commit([...changes, ...events.pushed({ repository: name, manifest: described, tag, at }, request)]);
    return {
      status: 201,
      headers: {
        Location: `/v2/${name}/manifests/${digest}`,
        'Docker-Content-Digest': digest,
        ...(described.subject === undefined ? {} : { 'OCI-Subject': described.subject }),
      },
    };
  }

  /** Emits one ImageDeleted, whatever goes along: whether referrers have events of their own isn't documented. */
  function remove(request: RegistryRequest): Reply {
    const name = parameter(request, 'name');
    const reference = referenceParameter(request);
    if (reference.kind === 'tag') {
      throw unsupported();
    }
    const repository = state.repositories.get(name);
    const manifest = repository?.manifests.get(reference.digest);
    if (repository === undefined || manifest === undefined) {
      throw manifestUnknown(name, reference.digest);
    }
    requireManifestDeletable(repository, manifest);
    state.commit([
      ...deletionOf(repository, manifest, ports),
      ...events.deleted({ repository: name, manifest, at: timestamp() }, request),
    ]);
    return { status: 202 };
  }

  return [
    { method: 'GET', pattern, access: { actions: [['pull']] }, handle: get },
    { method: 'PUT', pattern, access: { actions: [['pull', 'push']] }, handle: put },
    { method: 'DELETE', pattern, access: { actions: [['delete']] }, handle: remove },
  ];
}
