import type { PlanHeader, Plans } from '../../src/audit/retention-ports.ts';
import type { RepositoryPlan } from '../../src/retention/plan.ts';

/** Plans in memory, as they are kept in storage. */
export function memoryPlans(): Plans {
  const headers = new Map<string, { readonly header: PlanHeader; readonly version: string }>();
  const decided = new Map<string, Map<string, RepositoryPlan>>();
  let versions = 0;
  const place = (registry: string, id: string) => `${registry}/${id}`;
  const keyOf = (repository: string) => repository.replaceAll('/', ':');
  const inOrder = (registry: string, id: string) =>
    [...(decided.get(place(registry, id))?.values() ?? [])].sort((a, b) =>
      keyOf(a.repository) < keyOf(b.repository) ? -1 : 1,
    );

  return {
    get: async (registry, id) => headers.get(place(registry, id)),
    async page(registry, limit, after = '') {
      const all = [...headers.values()]
        .map(({ header }) => header)
        .filter((header) => header.registry === registry && header.id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const items = all.slice(0, limit);
      const last = items.at(-1);
      return { items, ...(all.length > limit && last !== undefined ? { next: last.id } : {}) };
    },
    async put(header, over) {
      const key = place(header.registry, header.id);
      if (headers.get(key)?.version !== over) return 'conflict';
      versions += 1;
      headers.set(key, { header: structuredClone(header), version: String(versions) });
      return 'written';
    },
    async write(id, plan) {
      const key = place(plan.registry, id);
      const some = decided.get(key) ?? new Map<string, RepositoryPlan>();
      decided.set(key, some);
      if (!some.has(plan.repository)) some.set(plan.repository, structuredClone(plan));
    },
    async *repositories(registry, id, from = '') {
      for (const plan of inOrder(registry, id)) if (keyOf(plan.repository) >= keyOf(from)) yield plan;
    },
  };
}
