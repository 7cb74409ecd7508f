import type { Announcements } from '../audit/announcements.ts';
import type { NamePage, RepositoryNames } from '../audit/repository-names.ts';
import type { KnownNames } from './reconcile-rounds.ts';

/** Names read by one query. */
const mostNames = 1_000;
/** Names of a page where each costs a query; one more tells whether there are others. */
const mostSearched = 8;

export interface RepositoryNamesPorts {
  readonly known: KnownNames;
  readonly announcements: Pick<Announcements, 'newestRepositories'>;
  /** Every repository that has rows, after one where it is given: a query each. */
  readonly recorded: (registry: string, after?: string) => AsyncIterable<string>;
}

/** Lists repositories from what comparisons remember and from the newest announcements. */
export function repositoryNames({ known, announcements, recorded }: RepositoryNamesPorts): RepositoryNames {
  async function knownPage(registry: string, limit: number, after?: string): Promise<NamePage> {
    const [compared, announced] = await Promise.all([
      known.names(registry, limit, after),
      announcements.newestRepositories(registry, mostNames),
    ]);
    const last = compared.isMore ? compared.items.at(-1) : undefined;
    const others = announced.filter(
      (name) =>
        (after === undefined || isBefore(after, name)) && (last === undefined || !isBefore(last, name)),
    );
    const items = [...new Set([...compared.items, ...others])].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    return { items: items.slice(0, limit), isMore: compared.isMore || items.length > limit };
  }

  async function searchedPage(registry: string, limit: number, after?: string): Promise<NamePage> {
    const items: string[] = [];
    for await (const name of recorded(registry, after)) {
      if (items.length === Math.min(limit, mostSearched)) return { items, isMore: true };
      items.push(name);
    }
    return { items, isMore: false };
  }

  return {
    compared: (registry) => known.names(registry, mostNames),
    page: async (registry, limit, after) =>
      (await known.wasCompared(registry))
        ? knownPage(registry, limit, after)
        : searchedPage(registry, limit, after),
  };
}

/** Whether one comes before another in the order of their keys, where `:` stands for `/`. */
function isBefore(a: string, b: string): boolean {
  return a.replaceAll('/', ':') < b.replaceAll('/', ':');
}
