import { z } from 'zod';
import { isTag } from '../../src/registry/name.ts';
import { allEnabled, type Change } from './change.ts';
import { parameter, type RegistryRequest, type Reply, readBody } from './message.ts';
import { manifestView } from './metadata-view.ts';
import { nextLink, readPage } from './paging.ts';
import type { RegistryPorts } from './ports.ts';
import { badRequest, manifestUnknown, RegistryProblem, repositoryUnknown } from './problem.ts';
import { digestParameter } from './reference.ts';
import type { Route } from './routing.ts';
import type { DeletedRepository } from './state.ts';

const maxBodyBytes = 4 * 1024;
const restoreBody = z.object({ tag: z.string().nullish() });

/** Entries of a map that come after the marker, in the order of their keys. */
function pageOf<T>(
  entries: ReadonlyMap<string, T>,
  request: RegistryRequest,
  path: string,
): { readonly items: readonly T[]; readonly headers: Readonly<Record<string, string>> } {
  const page = readPage(request.query);
  const keys = Array.from(entries.keys()).sort();
  const after = keys.filter((key) => page.last === undefined || key > page.last);
  const listed = after.slice(0, page.limit);
  return {
    items: listed.flatMap((key) => entries.get(key) ?? []),
    headers: nextLink(path, page, listed.at(-1), after.length > listed.length),
  };
}

async function readRestoredTag(request: RegistryRequest): Promise<string | undefined> {
  const text = (await readBody(request.body, maxBodyBytes)).toString('utf8');
  try {
    const tag = restoreBody.parse(text === '' ? {} : JSON.parse(text)).tag ?? '';
    if (tag !== '' && !isTag(tag)) {
      throw badRequest('TAG_INVALID', 'manifest tag did not match URI');
    }
    return tag === '' ? undefined : tag;
  } catch (error) {
    throw error instanceof RegistryProblem ? error : badRequest('BAD_REQUEST', 'The body is not readable.');
  }
}

/**
 * What soft delete keeps, and its restoration, as the Azure CLI asks for them:
 * https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy. Nothing expires.
 */
export function softDeleteRoutes(ports: RegistryPorts): readonly Route[] {
  const { state, timestamp, loginServer } = ports;

  /** Repositories that are gone and can be restored. */
  function catalog(request: RegistryRequest): Reply {
    const gone = new Map(
      Array.from(state.deleted).flatMap(([repository, kept]) => {
        const manifests = Array.from(kept.manifests.values());
        const [first] = manifests;
        if (first === undefined || state.repositories.get(repository) !== undefined) {
          return [];
        }
        const deletedAt = manifests
          .map((manifest) => manifest.deletedAt)
          .sort()
          .at(-1);
        return [[repository, { repository, createdAt: first.repositoryCreatedTime, deletedAt }] as const];
      }),
    );
    const { items, headers } = pageOf(gone, request, '/acr/v1/_deleted/_catalog');
    return { status: 200, headers, json: { repositories: items } };
  }

  function kept(request: RegistryRequest): { readonly name: string; readonly kept: DeletedRepository } {
    const name = parameter(request, 'name');
    const found = state.deleted.get(name);
    if (found === undefined && state.repositories.get(name) === undefined) {
      throw repositoryUnknown(name);
    }
    return { name, kept: found ?? { manifests: new Map(), tags: new Map() } };
  }

  function manifests(request: RegistryRequest): Reply {
    const { name, kept: found } = kept(request);
    const path = `/acr/v1/_deleted/${encodeURIComponent(name)}/_manifests`;
    const { items, headers } = pageOf(found.manifests, request, path);
    const json = {
      registry: loginServer,
      imageName: name,
      manifests: items.map(({ manifest: { digest, mediaType, imageSize }, deletedAt }) => ({
        digest,
        imageSize,
        mediaType,
        deletedAt,
      })),
    };
    return { status: 200, headers, json };
  }

  function tags(request: RegistryRequest): Reply {
    const { name, kept: found } = kept(request);
    const path = `/acr/v1/_deleted/${encodeURIComponent(name)}/_tags`;
    const { items, headers } = pageOf(found.tags, request, path);
    const json = {
      registry: loginServer,
      imageName: name,
      tags: items.map(({ tag, digest, deletedAt }) => ({ tag, digest, deletedAt })),
    };
    return { status: 200, headers, json };
  }

  /** Restores one manifest, and the tag that is named; never its children or referrers. */
  async function restore(request: RegistryRequest): Promise<Reply> {
    const tag = await readRestoredTag(request);
    const { name, kept: found } = kept(request);
    const digest = digestParameter(request);
    const live = state.repositories.get(name);
    const manifest = found.manifests.get(digest)?.manifest ?? live?.manifests.get(digest);
    if (manifest === undefined) {
      throw manifestUnknown(name, digest);
    }
    const before = tag === undefined ? undefined : live?.tags.get(tag);
    if (before !== undefined && before.digest !== digest && request.query.get('force') !== 'true') {
      throw new RegistryProblem(409, 'CONFLICT', `tag ${before.name} already exists`);
    }
    const at = timestamp();
    const changes: Change[] = [
      {
        op: 'repository',
        name,
        createdTime: live?.createdTime ?? found.manifests.get(digest)?.repositoryCreatedTime ?? at,
        lastUpdateTime: at,
        changeableAttributes: live?.changeableAttributes ?? allEnabled,
      },
      { op: 'manifest', repository: name, manifest },
      { op: 'manifest-restored', repository: name, digest },
    ];
    if (tag !== undefined) {
      const changeableAttributes = before?.changeableAttributes ?? allEnabled;
      const restored = { name: tag, digest, createdTime: at, lastUpdateTime: at, changeableAttributes };
      changes.push({ op: 'tag', repository: name, tag: restored });
    }
    state.commit(changes);
    const repository = state.repositories.get(name);
    return {
      status: 200,
      json: {
        registry: loginServer,
        imageName: name,
        manifest: repository === undefined ? undefined : manifestView(repository, manifest, 'full'),
      },
    };
  }

  const readAccess = { actions: [['deleted_read']] } as const;
  return [
    {
      method: 'GET',
      pattern: /^\/acr\/v1\/_deleted\/_catalog$/,
      access: { registry: 'deleted_catalog' },
      handle: catalog,
    },
    {
      method: 'GET',
      pattern: /^\/acr\/v1\/_deleted\/(?<name>.+)\/_manifests$/,
      access: readAccess,
      handle: manifests,
    },
    {
      method: 'GET',
      pattern: /^\/acr\/v1\/_deleted\/(?<name>.+)\/_tags$/,
      access: readAccess,
      handle: tags,
    },
    {
      method: 'POST',
      pattern: /^\/acr\/v1\/_deleted\/(?<name>.+)\/_manifests\/(?<digest>[^/]+)$/,
      access: { actions: [['deleted_read', 'deleted_restore']] },
      handle: restore,
    },
  ];
}
