import { cleanFreeText, quote } from '../registry/free-text.ts';
import { parseReference } from '../registry/reference.ts';
import type { InventoryReading, ReadingProblem, ReportedClaim } from '../workloads/claim.ts';

/** The most claims that one submission makes. */
export const maxClaims = 50_000;
/** The most problems that one reading lists. One more says how many there were beside them. */
const maxProblems = 500;
const maxWhereLength = 512;
const maxProblemLength = 1_024;

/** What was read of a submission so far. Whatever is not understood has to be told as a problem. */
export interface SubmissionGathering {
  /** Something at a dotted path that is not understood, or is known to be elsewhere. */
  problem(where: string, problem: string): void;
  /** A claim, whose image has to be a reference; anything else is a problem at `where`. */
  claim(where: string, claim: ReportedClaim): void;
  /** The same gathering, with every path told as inside `part`, such as `document 2`. */
  inside(part: string): SubmissionGathering;
}

/** A gathering that has not begun, and how to end it. */
export function submissionGathering(): SubmissionGathering & { reading(): InventoryReading } {
  const claims: ReportedClaim[] = [];
  const problems: ReadingProblem[] = [];
  let problemsLeftOut = 0;
  let claimsLeftOut = 0;

  function problem(where: string, text: string): void {
    if (problems.length === maxProblems) {
      problemsLeftOut += 1;
      return;
    }
    problems.push({
      where: cleanFreeText(where, maxWhereLength).text,
      problem: cleanFreeText(text, maxProblemLength).text,
    });
  }

  function claim(where: string, reported: ReportedClaim): void {
    const reading = parseReference(reported.image);
    if (!reading.ok) problem(where, `${quote(reported.image)} ${reading.problem}`);
    else if (claims.length === maxClaims) claimsLeftOut += 1;
    else claims.push(reported);
  }

  function within(prefix: string): SubmissionGathering {
    return {
      problem: (where, text) => problem(`${prefix}${where}`, text),
      claim: (where, reported) => claim(`${prefix}${where}`, reported),
      inside: (part) => within(`${prefix}${part}: `),
    };
  }

  return {
    ...within(''),
    reading: () => ({
      claims,
      problems: [
        ...problems,
        ...leftOut(
          claimsLeftOut,
          `claims more than the ${maxClaims} that are read: submit them as several sources`,
        ),
        ...leftOut(problemsLeftOut, 'problems more'),
      ],
    }),
  };
}

function leftOut(count: number, what: string): readonly ReadingProblem[] {
  return count === 0 ? [] : [{ where: 'the submission', problem: `has ${count} ${what}` }];
}

/** The most characters in the name of a workload or of what it is in. */
const maxNameLength = 253;

/** A name from outside, bounded and free of what could forge a line. */
export function nameOf(outside: string): string {
  return cleanFreeText(outside, maxNameLength).text;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of the object's own: one called `__proto__` or `constructor` is nothing special. */
export function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
