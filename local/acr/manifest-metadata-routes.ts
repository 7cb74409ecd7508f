import type { ManifestRecord } from './change.ts';
import { readAttributes } from './changeable-attributes.ts';
import type { RegistryRequest, Reply } from './message.ts';
import { manifestView } from './metadata-view.ts';
import { nextLink, readPage } from './paging.ts';
import type { RegistryPorts } from './ports.ts';
import { manifestUnknown } from './problem.ts';
import { digestParameter, requireRepository } from './reference.ts';
import type { Repository } from './repository.ts';
import type { Route } from './routing.ts';

const listPattern = /^\/acr\/v1\/(?<name>.+)\/_manifests$/;
const manifestPattern = /^\/acr\/v1\/(?<name>.+)\/_manifests\/(?<digest>[^/]+)$/;

/** Manifests with their attributes: list, `GET` and `PATCH`. They are deleted through `/v2`. */
export function manifestMetadataRoutes(ports: RegistryPorts): readonly Route[] {
  const { state, listing, faults, loginServer } = ports;

  function find(request: RegistryRequest): {
    readonly repository: Repository;
    readonly manifest: ManifestRecord;
  } {
    const repository = requireRepository(request, state);
    const digest = digestParameter(request);
    const manifest = repository.manifests.get(digest);
    if (manifest === undefined) {
      throw manifestUnknown(repository.name, digest);
    }
    return { repository, manifest };
  }

  /** Past the end `manifests` is left out: acr-cli fails on an empty list. */
  function list(request: RegistryRequest): Reply {
    const repository = requireRepository(request, listing());
    const page = readPage(request.query);
    const { entries, more } = repository.manifests.page({
      ...page,
      include: ({ changeableAttributes }) => changeableAttributes.listEnabled,
    });
    const references = faults.emptyBulkReferences ? 'empty' : 'full';
    const manifests = entries.map((manifest) => manifestView(repository, manifest, references));
    const path = `/acr/v1/${encodeURIComponent(repository.name)}/_manifests`;
    return {
      status: 200,
      headers: nextLink(path, page, entries.at(-1)?.digest, more),
      json: {
        registry: loginServer,
        imageName: repository.name,
        manifests: manifests.length === 0 ? undefined : manifests,
      },
    };
  }

  function get(request: RegistryRequest): Reply {
    const { repository, manifest } = find(request);
    return {
      status: 200,
      json: {
        registry: loginServer,
        imageName: repository.name,
        manifest: manifestView(repository, manifest, 'full'),
      },
    };
  }

  async function patch(request: RegistryRequest): Promise<Reply> {
    const change = await readAttributes(request);
    const before = get(request);
    const { repository, manifest } = find(request);
    const changeableAttributes = change(manifest.changeableAttributes);
    state.commit([
      { op: 'manifest', repository: repository.name, manifest: { ...manifest, changeableAttributes } },
    ]);
    return faults.staleWriteAnswers ? before : get(request);
  }

  return [
    { method: 'GET', pattern: listPattern, access: { actions: [['metadata_read']] }, handle: list },
    { method: 'GET', pattern: manifestPattern, access: { actions: [['metadata_read']] }, handle: get },
    { method: 'PATCH', pattern: manifestPattern, access: { actions: [['metadata_write']] }, handle: patch },
  ];
}
