import type { FieldProblem } from './field-problem.ts';

/** The most problems one reading lists: enough to mend a document by, bounded for a hostile one. */
const maxProblems = 100;

/** What one reading has found out about its input so far. */
export interface Findings {
  readonly problems: readonly FieldProblem[];
  readonly notes: readonly string[];
  /** Records that a field can't be read: the reading fails, after every other field has been looked at. */
  problem(field: string, problem: string): void;
  /** Records a repair or a contradiction that was settled: the reading goes on. */
  note(text: string): void;
}

/** Findings of a reading that has not begun. */
export function noFindings(): Findings {
  const problems: FieldProblem[] = [];
  const notes: string[] = [];
  return {
    problems,
    notes,
    problem(field, problem) {
      if (problems.length < maxProblems) {
        problems.push({ field, problem });
      }
    },
    note(text) {
      notes.push(text);
    },
  };
}
