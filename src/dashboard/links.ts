import type { RepositoryId } from '../history/fact.ts';
import { formatReference } from '../registry/reference.ts';

/** Where the dashboard is. */
export const home = '/dashboard';

/** A path with a query of the parameters that are given. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

/** The page of a repository. */
export function repositoryHref({ registry, repository }: RepositoryId): string {
  return withQuery(`${home}/repository`, { image: formatReference({ registry, repository }) });
}

/** The page of a tag, as it was at a time (RFC 3339) where one is given. */
export function tagHref(
  { registry, repository, tag }: RepositoryId & { readonly tag: string },
  at?: string,
): string {
  return withQuery(`${home}/tag`, { image: formatReference({ registry, repository, tag }), at });
}

/** The page of a digest. */
export function digestHref({
  registry,
  repository,
  digest,
}: RepositoryId & { readonly digest: string }): string {
  return withQuery(`${home}/digest`, { image: `${formatReference({ registry, repository })}@${digest}` });
}

/** The page of a finding. */
export function findingHref(id: string): string {
  return `${home}/findings/${encodeURIComponent(id)}`;
}

/** The page of a plan. */
export function planHref(id: string): string {
  return `${home}/retention/${encodeURIComponent(id)}`;
}

/** A list of the API as a file: its path there, and its parameters. */
export function exportHref(list: string, parameters: Readonly<Record<string, string | undefined>>): string {
  return withQuery(`${home}/export/${list}`, parameters);
}
