import { AuditFault } from '../audit/fault.ts';
import type { Log } from '../audit/ports.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import type { ReadingProblem } from '../workloads/claim.ts';

/** The problems of one reading, as they come. */
export interface Problems {
  note(where: string, problem: string): void;
  /** Does something; when it fails that is a problem, and the answer `undefined`. Only an abort throws. */
  guard<T>(where: string, work: () => Promise<T>): Promise<T | undefined>;
  found(): readonly ReadingProblem[];
}

/** The most problems told of one reading: one refusal may be that of thousands of resources. */
const maxTold = 200;

export function problemsOf(log: Log, signal: AbortSignal | undefined): Problems {
  const told: ReadingProblem[] = [];
  let more = 0;

  function note(where: string, problem: string): void {
    if (told.length >= maxTold) more += 1;
    else told.push({ where: cleanFreeText(where, 300).text, problem: cleanFreeText(problem, 600).text });
  }

  return {
    note,
    async guard(where, work) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof AuditFault))
          log.error('reading Azure failed', { where, error: String(error) });
        note(where, error instanceof AuditFault ? error.message : 'could not be read');
        return undefined;
      }
    },
    found: () =>
      more === 0 ? told : [...told, { where: 'Azure', problem: `has ${more} more problems of this kind` }],
  };
}
