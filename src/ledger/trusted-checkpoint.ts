import { type Checkpoint, originOf, readCheckpoint } from './checkpoint.ts';
import { LedgerProblem, type ProblemCode } from './ledger-problem.ts';
import { readNote, type VerifierKey, verifyNote } from './signed-note.ts';

/** By what a note is believed. */
export interface Trust {
  /** Login server of the log's registry. */
  readonly registry: string;
  /** Keys that may have signed it; those of other names don't count. Absent: signatures are not looked at. */
  readonly keys?: readonly VerifierKey[];
}

/** Reads the checkpoint of a note. Throws {@link LedgerProblem} where it is none of the log, or not signed by it. */
export function trustedCheckpoint(note: string, path: string, { registry, keys }: Trust): Checkpoint {
  const fail = (code: ProblemCode, message: string) => new LedgerProblem({ code, message, path });
  const checkpoint = readCheckpoint(readNote(note)?.text ?? '');
  if (checkpoint === undefined) throw fail('not-a-checkpoint', `${path} is not a signed checkpoint`);
  const origin = originOf(registry);
  if (checkpoint.origin !== origin) {
    const message = `${path} is of the log ${JSON.stringify(checkpoint.origin)}, not of ${origin}`;
    throw fail('wrong-origin', message);
  }
  if (keys === undefined) return checkpoint;
  const verdict = verifyNote(
    note,
    keys.filter(({ name }) => name === origin),
  );
  if (verdict.ok) return checkpoint;
  if (verdict.reason !== 'wrong-signature') {
    throw fail('unknown-key', `no trusted key of ${origin} signed ${path}`);
  }
  const id = Buffer.from(verdict.key.keyId).toString('hex');
  throw fail(
    'forged-signature',
    `${path} has a signature in the name of the key ${id} that the key did not make`,
  );
}
