import type { RepositoryId } from '../history/fact.ts';
import type { PlanItem, RetentionAction } from '../retention/plan.ts';
import type { Plans } from './retention-ports.ts';

/** A place among what a plan decides: an item of a repository by its number, from 0. */
export interface DecisionPlace {
  readonly repository: string;
  readonly item: number;
}

/** Some of what a plan decides, and where to go on; absent at the end. A page may be short, or empty, before it. */
export interface DecisionPage {
  readonly items: readonly { readonly of: RepositoryId; readonly item: PlanItem }[];
  readonly next?: DecisionPlace;
}

/** What is asked for of a plan's decisions. */
export interface DecisionQuery {
  /** Only items of which this becomes. */
  readonly action?: RetentionAction;
  readonly limit: number;
  readonly from?: DecisionPlace;
  /** Repositories read for the answer, of which one more is looked at to say where it goes on: 200 unless told. */
  readonly mostRepositories?: number;
}

/** Repositories read for one page, whether anything of them is wanted or not. */
const most = 200;

/** Lists what a plan decides, in its order. */
export function listDecisions({ plans }: { readonly plans: Pick<Plans, 'repositories'> }) {
  return async (registry: string, id: string, query: DecisionQuery): Promise<DecisionPage> => {
    const { action, limit, from, mostRepositories = most } = query;
    const found: { readonly of: RepositoryId; readonly item: PlanItem }[] = [];
    let read = 0;
    for await (const { repository, items } of plans.repositories(registry, id, from?.repository)) {
      if (read === mostRepositories) return { items: found, next: { repository, item: 0 } };
      read += 1;
      const of = { registry, repository };
      for (let place = repository === from?.repository ? from.item : 0; place < items.length; place += 1) {
        const item = items[place];
        if (item === undefined || (action !== undefined && item.action !== action)) continue;
        if (found.length === limit) return { items: found, next: { repository, item: place } };
        found.push({ of, item });
      }
    }
    return { items: found };
  };
}
