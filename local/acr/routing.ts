import { isRepositoryName } from '../../src/registry/name.ts';
import type { Access } from './access.ts';
import type { RegistryRequest, Reply } from './message.ts';
import { badRequest, noSuchPath, unsupported } from './problem.ts';

/**
 * What a route needs: nothing, any valid credentials, a catalog, or actions on the repository in its path. Of
 * several lists of actions one is enough; the first is named in the challenge.
 */
type RouteAccess =
  | 'open'
  | 'authenticated'
  | { readonly registry: 'catalog' | 'deleted_catalog' }
  | { readonly actions: readonly [readonly string[], ...(readonly string[])[]] };

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Matched against the whole decoded path; the group `name` is a repository. */
  readonly pattern: RegExp;
  readonly access: RouteAccess;
  readonly handle: (request: RegistryRequest) => Promise<Reply> | Reply;
}

export interface RouteMatch {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The decoded path and the query of a request target. @throws RegistryProblem when it can't be decoded. */
export function readTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const at = target.indexOf('?');
  const raw = at < 0 ? target : target.slice(0, at);
  try {
    return {
      path: decodeURIComponent(raw),
      query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)),
    };
  } catch {
    throw badRequest('NAME_INVALID', 'The path is not valid percent-encoded text.');
  }
}

/**
 * Finds the route of a decoded path. Repository names hold slashes, so the first pattern that matches decides
 * and a longer one is listed first. @throws RegistryProblem for no route, another method, or a malformed name.
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const matching = routes.filter((route) => route.pattern.test(path));
  const [first] = matching;
  if (first === undefined) {
    throw noSuchPath();
  }
  const route = matching.find(
    (candidate) => candidate.method === wanted && candidate.pattern.source === first.pattern.source,
  );
  if (route === undefined) {
    throw unsupported();
  }
  const parameters = { ...route.pattern.exec(path)?.groups };
  const { name } = parameters;
  if (name !== undefined && !isRepositoryName(name)) {
    throw badRequest('NAME_INVALID', 'invalid repository name');
  }
  return { route, parameters };
}

/** The access a matched route needs, any of which is enough; none for credentials of any kind. */
export function neededAccess({ route, parameters }: RouteMatch): readonly Access[] {
  const { access } = route;
  if (typeof access === 'string') {
    return [];
  }
  if ('registry' in access) {
    return [{ type: 'registry', name: access.registry, actions: ['*'] }];
  }
  const { name } = parameters;
  if (name === undefined) {
    throw new Error(`${route.pattern.source} names no repository.`);
  }
  return access.actions.map((actions) => ({ type: 'repository', name, actions }));
}
