import { LedgerProblem, type Problem } from '../../src/ledger/ledger-problem.ts';

/** The problem that something ends with. Throws where it ends with none. */
export async function problemOf(run: () => unknown): Promise<Problem> {
  try {
    await run();
  } catch (error) {
    if (error instanceof LedgerProblem) return error.problem;
    throw error;
  }
  throw new Error('no problem was told');
}
