import type { SourceCoverage } from '../workloads/coverage.ts';
import { wholeCoverage } from '../workloads/coverage.ts';
import type { KnownClaim } from '../workloads/use.ts';
import { sourceCoverage, type UsesPorts } from './uses.ts';
import type { Claims } from './workload-ports.ts';

/** Which claims are asked for, of one source or of all: now, or at a time. */
export interface WorkloadsQuery {
  readonly source?: string;
  /** Epoch milliseconds. */
  readonly at?: number;
  /** Absent where all are wanted. */
  readonly isWanted?: (claim: KnownClaim) => boolean;
  readonly limit: number;
  /** Queries for claims: a page may hold fewer than asked for, even none, and still go on. */
  readonly mostQueries: number;
  /** Position after which the listing goes on. */
  readonly after?: string;
}

/** Claims by source, and where to go on; absent at the end. */
export interface WorkloadsPage {
  readonly claims: readonly KnownClaim[];
  readonly sources: readonly SourceCoverage[];
  readonly coverage: ReturnType<typeof wholeCoverage>;
  readonly next?: string;
}

/** Claims read by one query where some may not be wanted. */
const largestPage = 1_000;

/** Lists what runs where, page by page: one query for the sources, and a bounded number for what they claim. */
export function listWorkloads(
  ports: Pick<UsesPorts, 'sources' | 'states' | 'clock'> & { readonly claims: Pick<Claims, 'pageOfSource'> },
) {
  const coverageNow = sourceCoverage(ports);
  return async (query: WorkloadsQuery): Promise<WorkloadsPage> => {
    const { source, at, isWanted, limit, mostQueries } = query;
    const sources = await coverageNow();
    const names = (source === undefined ? sources.map((one) => one.source) : [source]).toSorted();
    const [first = '', place = ''] = query.after?.split(/\|(.*)/s) ?? [];
    const told = { sources, coverage: wholeCoverage(sources) };
    const claims: KnownClaim[] = [];
    let after = place === '' ? undefined : place;
    let queries = 0;
    for (const name of names.filter((one) => one >= first)) {
      // A place is one of the first source alone.
      if (name !== first) after = undefined;
      for (;;) {
        if (queries === mostQueries) return { claims, ...told, next: `${name}|${after ?? ''}` };
        queries += 1;
        const size = isWanted === undefined ? limit - claims.length : largestPage;
        const { items, next } = await ports.claims.pageOfSource(name, size, { at, after });
        for (const [index, { claim, position }] of items.entries()) {
          if (isWanted?.(claim) === false) continue;
          claims.push(claim);
          if (claims.length < limit) continue;
          const isEnd = next === undefined && index === items.length - 1 && name === names.at(-1);
          return { claims, ...told, ...(isEnd ? {} : { next: `${name}|${position}` }) };
        }
        if (next === undefined) break;
        after = next;
      }
    }
    return { claims, ...told };
  };
}
