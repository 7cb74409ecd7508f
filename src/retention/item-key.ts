import type { PlanItem } from './plan.ts';

/** What tells an item of a repository from the others: a tag's name, or a digest. No tag has a colon, and every digest has. */
export function itemKey({ tag, digest }: Pick<PlanItem, 'tag' | 'digest'>): string {
  return tag ?? digest;
}
