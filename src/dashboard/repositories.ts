import { html } from 'hono/html';
import * as z from 'zod/mini';
import { readRegistry } from '../api/image-parameter.ts';
import type { NamePage, RepositoryNames } from '../audit/repository-names.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { isRepositoryName } from '../registry/name.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { page } from './page.ts';
import { repositoryLink } from './shown.ts';
import { table } from './table.ts';

const pageSize = 100;

/** The repositories of a registry, in the order of their names. */
export function repositoriesPage(
  registries: readonly AcceptedRegistry[],
  names: Pick<RepositoryNames, 'page'>,
) {
  return page({
    name: 'dashboardRepositories',
    path: 'repositories',
    query: z.strictObject({
      registry: z.optional(z.string()),
      after: z.optional(
        z.string().check(z.refine(isRepositoryName, { error: 'is no name of a repository' })),
      ),
    }),
    async answer({ query: { registry, after } }) {
      const [only, ...others] = registry === undefined ? registries : [readRegistry(registry, registries)];
      const lists =
        only === undefined || others.length > 0
          ? registryList(registries)
          : listOf(only.loginServer, await names.page(only.loginServer, pageSize, after));
      return {
        title: 'Repositories',
        section: 'repositories',
        body: html`<h1>Repositories</h1>${lists}`,
      };
    },
  });
}

/** Registries of which the repositories are asked for one by one. */
function registryList(registries: readonly AcceptedRegistry[]): Html {
  return html`<ul>${registries.map(({ loginServer }) => html`<li><a href="${withQuery(`${home}/repositories`, { registry: loginServer })}">${loginServer}</a></li>`)}</ul>`;
}

function listOf(registry: string, { items: all, isMore }: NamePage): Html {
  const last = all.at(-1);
  // What concerns a whole registry is kept under a name that no repository has.
  const items = all.filter(isRepositoryName);
  return table<string>({
    caption: registry,
    items,
    columns: [
      { head: 'Repository', cell: (repository) => repositoryLink({ registry, repository }) },
      {
        head: 'Findings',
        cell: (repository) =>
          html`<a href="${withQuery(`${home}/findings`, { image: `${registry}/${repository}` })}">of ${repository}</a>`,
      },
    ],
    empty: html`<p>Nothing of this registry is recorded after that. A repository appears with its first push, or with the first comparison with the registry.</p>`,
    csv: exportHref('history', { image: registry }),
    next:
      isMore && last !== undefined ? withQuery(`${home}/repositories`, { registry, after: last }) : undefined,
  });
}
