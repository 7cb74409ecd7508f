import { html } from 'hono/html';
import * as z from 'zod/mini';
import { readRegistry } from '../api/image-parameter.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { isRepositoryName } from '../registry/name.ts';
import type { Html } from './html.ts';
import { exportHref, home, withQuery } from './links.ts';
import { page } from './page.ts';
import { repositoryLink } from './shown.ts';
import { table } from './table.ts';

/** Lists the repositories of a registry that have anything recorded, by name, after one where it is given. */
export type RecordedNames = (registry: string, after?: string) => AsyncIterable<string>;

const pageSize = 25;

/** The repositories of a registry, in the order of their names. */
export function repositoriesPage(registries: readonly AcceptedRegistry[], names: RecordedNames) {
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
      const asked = registry === undefined ? registries : [readRegistry(registry, registries)];
      const lists = await Promise.all(
        asked.map(async ({ loginServer }) => listOf(loginServer, await some(names(loginServer, after)))),
      );
      return {
        title: 'Repositories',
        section: 'repositories',
        body: html`<h1>Repositories</h1>${lists}`,
      };
    },
  });
}

function listOf(registry: string, { items, isMore }: { items: readonly string[]; isMore: boolean }): Html {
  const last = items.at(-1);
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

async function some(names: AsyncIterable<string>) {
  const items: string[] = [];
  for await (const name of names) {
    // What concerns a whole registry is kept under a name that no repository has.
    if (!isRepositoryName(name)) continue;
    if (items.length === pageSize) return { items, isMore: true };
    items.push(name);
  }
  return { items, isMore: false };
}
