import type { RegistryRequest, Reply } from './message.ts';
import { nextLink, readPage } from './paging.ts';
import type { RegistryPorts } from './ports.ts';
import { requireRepository } from './reference.ts';
import type { Route } from './routing.ts';

/** The ping, the catalog in both APIs, and the plain list of tags. */
export function catalogRoutes({ listing }: RegistryPorts): readonly Route[] {
  function repositories(request: RegistryRequest) {
    const page = readPage(request.query);
    const { entries, more } = listing().repositories.page({
      ...page,
      include: ({ changeableAttributes }) => changeableAttributes.listEnabled,
    });
    const names = entries.map(({ name }) => name);
    return { names, link: (path: string) => nextLink(path, page, names.at(-1), more) };
  }

  function registryCatalog(request: RegistryRequest): Reply {
    const { names, link } = repositories(request);
    return { status: 200, headers: link('/v2/_catalog'), json: { repositories: names } };
  }

  /** No repositories are written as `null`, as the service was recorded to do. */
  function catalog(request: RegistryRequest): Reply {
    const { names, link } = repositories(request);
    const json = { repositories: names.length === 0 ? null : names };
    return { status: 200, headers: link('/acr/v1/_catalog'), json };
  }

  function tags(request: RegistryRequest): Reply {
    const repository = requireRepository(request, listing());
    const page = readPage(request.query);
    const { entries, more } = repository.tags.page({
      ...page,
      include: ({ changeableAttributes }) => changeableAttributes.listEnabled,
    });
    const names = entries.map(({ name }) => name);
    return {
      status: 200,
      headers: nextLink(`/v2/${repository.name}/tags/list`, page, names.at(-1), more),
      json: { name: repository.name, tags: names },
    };
  }

  const catalogAccess = { registry: 'catalog' } as const;
  return [
    {
      method: 'GET',
      pattern: /^\/v2\/?$/,
      access: 'authenticated',
      handle: () => ({ status: 200, json: {} }),
    },
    { method: 'GET', pattern: /^\/v2\/_catalog$/, access: catalogAccess, handle: registryCatalog },
    { method: 'GET', pattern: /^\/acr\/v1\/_catalog$/, access: catalogAccess, handle: catalog },
    {
      method: 'GET',
      pattern: /^\/v2\/(?<name>.+)\/tags\/list$/,
      access: { actions: [['pull'], ['metadata_read']] },
      handle: tags,
    },
  ];
}
