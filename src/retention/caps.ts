import type { RepositoryPlan } from './plan.ts';
import type { RetentionCaps } from './rule.ts';

/** What the caps need of a repository's plan. */
type CountedPlan = Pick<RepositoryPlan, 'registry' | 'repository' | 'counts'>;

/** Holds plans against the caps, one repository at a time, so that nothing but four sums is kept of them. */
export interface CapWatch {
  /** Counts a repository in, each once. Tells which caps it is over; nothing when it is over none. */
  add(plan: CountedPlan): readonly string[];
  /** Which caps all repositories are over that were counted in. */
  whole(): readonly string[];
}

/** Something of which there are so many, and of which so many would go. */
interface Share {
  readonly going: number;
  readonly there: number;
  readonly what: 'tags untagged' | 'manifests deleted';
}

/**
 * A watch that has counted nothing yet. Tags and manifests are held against every cap apart: many tags that go would
 * otherwise hide behind few manifests. Percentages are rounded up to whole items.
 */
export function capWatch(caps: RetentionCaps): CapWatch {
  const sums = { tags: 0, manifests: 0, untag: 0, delete: 0 };
  return {
    add({ registry, repository, counts }) {
      sums.tags += counts.tags;
      sums.manifests += counts.manifests;
      sums.untag += counts.untag;
      sums.delete += counts.delete;
      return blocksOf(`${registry}/${repository}`, counts, caps.perRepository, caps.percent);
    },
    whole: () => blocksOf('all repositories', sums, caps.whole, caps.percent),
  };
}

function blocksOf(
  of: string,
  counts: RepositoryPlan['counts'],
  most: number,
  percent: number,
): readonly string[] {
  const shares: readonly Share[] = [
    { going: counts.untag, there: counts.tags, what: 'tags untagged' },
    { going: counts.delete, there: counts.manifests, what: 'manifests deleted' },
  ];
  return shares.flatMap(({ going, there, what }) => {
    const begin = `${of}: ${going} of ${there} ${what}`;
    const part = Math.ceil((there * percent) / 100);
    return [
      ...(going > most ? [`${begin}, more than the cap of ${most}`] : []),
      ...(going > part ? [`${begin}, more than the cap of ${percent} %, which is ${part}`] : []),
    ];
  });
}
