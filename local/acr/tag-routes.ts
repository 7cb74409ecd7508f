import type { TagRecord } from './change.ts';
import { readAttributes } from './changeable-attributes.ts';
import { requireTagDeletable } from './lock-rules.ts';
import type { RegistryRequest, Reply } from './message.ts';
import { tagView } from './metadata-view.ts';
import { nextLink, readPage } from './paging.ts';
import type { RegistryPorts } from './ports.ts';
import { tagUnknown } from './problem.ts';
import { requireRepository, tagParameter } from './reference.ts';
import { tagRemoval, touched } from './removal.ts';
import type { Repository } from './repository.ts';
import type { Route } from './routing.ts';

const listPattern = /^\/acr\/v1\/(?<name>.+)\/_tags$/;
const tagPattern = /^\/acr\/v1\/(?<name>.+)\/_tags\/(?<tag>[^/]+)$/;

/** Tags with their attributes: list, `GET`, `PATCH` and `DELETE`. */
export function tagRoutes(ports: RegistryPorts): readonly Route[] {
  const { state, listing, faults, loginServer, timestamp } = ports;

  function find(request: RegistryRequest): { readonly repository: Repository; readonly tag: TagRecord } {
    const repository = requireRepository(request, state);
    const tag = repository.tags.get(tagParameter(request));
    if (tag === undefined) {
      throw tagUnknown();
    }
    return { repository, tag };
  }

  function list(request: RegistryRequest): Reply {
    const repository = requireRepository(request, listing());
    const page = readPage(request.query);
    const digest = request.query.get('digest') ?? '';
    const { entries, more } = repository.tags.page({
      ...page,
      include: (tag) => tag.changeableAttributes.listEnabled && (digest === '' || tag.digest === digest),
    });
    const path = `/acr/v1/${encodeURIComponent(repository.name)}/_tags`;
    return {
      status: 200,
      headers: nextLink(path, page, entries.at(-1)?.name, more, digest === '' ? {} : { digest }),
      json: {
        registry: loginServer,
        imageName: repository.name,
        tags: entries.length === 0 ? null : entries.map(tagView),
      },
    };
  }

  function get(request: RegistryRequest): Reply {
    const { repository, tag } = find(request);
    return { status: 200, json: { registry: loginServer, imageName: repository.name, tag: tagView(tag) } };
  }

  async function patch(request: RegistryRequest): Promise<Reply> {
    const change = await readAttributes(request);
    const before = get(request);
    const { repository, tag } = find(request);
    const changeableAttributes = change(tag.changeableAttributes);
    state.commit([{ op: 'tag', repository: repository.name, tag: { ...tag, changeableAttributes } }]);
    return faults.staleWriteAnswers ? before : get(request);
  }

  /** Removes the tag alone; its manifest stays. No event reports it: https://github.com/Azure/acr/issues/286. */
  function remove(request: RegistryRequest): Reply {
    const { repository, tag } = find(request);
    requireTagDeletable(repository, tag);
    state.commit([...tagRemoval(repository, tag.name, ports), touched(repository, timestamp())]);
    return { status: 202, headers: { 'X-Ms-Int-Docker-Content-Digest': tag.digest } };
  }

  return [
    { method: 'GET', pattern: listPattern, access: { actions: [['metadata_read']] }, handle: list },
    { method: 'GET', pattern: tagPattern, access: { actions: [['metadata_read']] }, handle: get },
    { method: 'PATCH', pattern: tagPattern, access: { actions: [['metadata_write']] }, handle: patch },
    { method: 'DELETE', pattern: tagPattern, access: { actions: [['delete']] }, handle: remove },
  ];
}
