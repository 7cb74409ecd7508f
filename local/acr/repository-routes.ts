import { readAttributes } from './changeable-attributes.ts';
import { requireRepositoryDeletable } from './lock-rules.ts';
import type { RegistryRequest, Reply } from './message.ts';
import { repositoryView } from './metadata-view.ts';
import type { RegistryPorts } from './ports.ts';
import { requireRepository } from './reference.ts';
import { repositoryDeletion } from './removal.ts';
import type { Route } from './routing.ts';

const pattern = /^\/acr\/v1\/(?<name>.+)$/;

/** `GET`, `PATCH` and `DELETE` of a repository's metadata. */
export function repositoryRoutes(ports: RegistryPorts): readonly Route[] {
  const { state, events, timestamp, loginServer } = ports;

  function get(request: RegistryRequest): Reply {
    return { status: 200, json: repositoryView(loginServer, requireRepository(request, state)) };
  }

  async function patch(request: RegistryRequest): Promise<Reply> {
    const change = await readAttributes(request);
    const { name, createdTime, lastUpdateTime, changeableAttributes } = requireRepository(request, state);
    state.commit([
      {
        op: 'repository',
        name,
        createdTime,
        lastUpdateTime,
        changeableAttributes: change(changeableAttributes),
      },
    ]);
    return get(request);
  }

  /** Emits one ImageDeleted for each manifest, which is this stand-in's choice: nothing documents it. */
  function remove(request: RegistryRequest): Reply {
    const repository = requireRepository(request, state);
    requireRepositoryDeletable(repository);
    const at = timestamp();
    const manifests = Array.from(repository.manifests.values());
    const tags = Array.from(repository.tags.values(), ({ name }) => name);
    state.commit([
      ...repositoryDeletion(repository, ports),
      ...manifests.flatMap((manifest) =>
        events.deleted({ repository: repository.name, manifest, at }, request),
      ),
    ]);
    return {
      status: 202,
      json: { manifestsDeleted: manifests.map(({ digest }) => digest).sort(), tagsDeleted: tags.sort() },
    };
  }

  return [
    { method: 'GET', pattern, access: { actions: [['metadata_read']] }, handle: get },
    { method: 'PATCH', pattern, access: { actions: [['metadata_write']] }, handle: patch },
    { method: 'DELETE', pattern, access: { actions: [['delete']] }, handle: remove },
  ];
}
