import type { Findings } from '../registry/findings.ts';
import type { InventoryReading, ReadingProblem, ReportedClaim } from '../workloads/claim.ts';

/** The most problems one reading lists, bounded for hostile input. One more says how many there were beside them. */
const maxProblems = 500;

/** What was read of a cluster's objects so far. */
export interface GatheredReading {
  problem(where: string, problem: string): void;
  /** Findings about one object, which are problems of the reading. */
  findingsAt(where: string): Findings;
  /** Adds a claim. Of equal ones that differ in `since` alone, the earliest stays; not knowing is earlier than any. */
  claim(claim: ReportedClaim): void;
  /** What was gathered, claims in the order in which they came first. */
  reading(): InventoryReading;
}

/** A reading that has not begun. */
export function gatheredReading(): GatheredReading {
  const claims = new Map<string, ReportedClaim>();
  const problems = new Map<string, ReadingProblem>();
  let untold = 0;

  function problem(where: string, text: string): void {
    const key = `${where}\n${text}`;
    if (problems.has(key)) return;
    if (problems.size < maxProblems) problems.set(key, { where, problem: text });
    else untold += 1;
  }

  return {
    problem,
    findingsAt: (where) => ({
      problems: [],
      notes: [],
      problem: (field, text) => problem(where, `${field} ${text}`),
      note: () => undefined,
    }),
    claim(claim) {
      const key = identityOf(claim);
      const known = claims.get(key);
      if (known === undefined || isEarlier(claim.since, known.since)) claims.set(key, claim);
    },
    reading: () => ({
      claims: [...claims.values()],
      problems: [
        ...problems.values(),
        ...(untold === 0 ? [] : [{ where: 'the objects', problem: `have ${untold} more problems` }]),
      ],
    }),
  };
}

function identityOf({ workload, state, image, pulled, revision }: ReportedClaim): string {
  const { kind, namespace, name, container, owner } = workload;
  return JSON.stringify([kind, namespace, name, container, owner, state, image, pulled, revision]);
}

function isEarlier(since: number | undefined, than: number | undefined): boolean {
  return than !== undefined && (since === undefined || since < than);
}
