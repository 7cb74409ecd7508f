import { type Checkpoint, originOf, readCheckpoint } from './checkpoint.ts';
import { followKeys, type HandoverRefusal, type KeyHistory, keysAt } from './key-handover.ts';
import { LedgerProblem, type ProblemCode } from './ledger-problem.ts';
import { readNote, type VerifierKey, verifyNote } from './signed-note.ts';

/** By what a log's notes are believed. */
export interface Trust {
  /** Login server of the log's registry. */
  readonly registry: string;
  /**
   * Keys that signed it first; those of other names don't count. Later ones are learned from the log itself. Absent:
   * signatures are not looked at.
   */
  readonly keys?: readonly VerifierKey[];
}

/** A handover that was not believed, and changed nothing. */
export interface RefusedHandover {
  readonly index: number;
  readonly reason: HandoverRefusal;
}

/** What is believed of a log as it is read, from its first entry on. */
export interface LogTrust {
  /**
   * The checkpoint of a note. One that no key known so far signed is put aside: a handover that is sealed along with it may
   * tell its key. Throws {@link LedgerProblem} where it is no checkpoint of the log, or a signature of it is forged.
   */
  checkpoint(note: string, path: string): Checkpoint;
  /** Takes in a note by which keys are handed over, found in the log. */
  handover(index: number, note: string): void;
  /** Throws {@link LedgerProblem} `unknown-key` for the first that was put aside and nobody trusted signed. */
  settle(): void;
  refused(): readonly RefusedHandover[];
}

/** Checkpoints that wait for a key: a handover is sealed with the first of them, or soon after. */
const mostPutAside = 10_000;

/** Trust in a log by the keys that signed it first. */
export function logTrust({ registry, keys }: Trust): LogTrust {
  const origin = originOf(registry);
  const first = keys?.filter(({ name }) => name === origin);
  const notes: { index: number; note: string }[] = [];
  let history: KeyHistory = { epochs: [{ from: 0, keys: first ?? [] }], refused: [] };
  let putAside: { readonly note: string; readonly path: string; readonly size: number }[] = [];

  function isSigned(note: string, path: string, size: number): boolean {
    const verdict = verifyNote(note, keysAt(history, size));
    if (verdict.ok) return true;
    if (verdict.reason !== 'wrong-signature') return false;
    const id = Buffer.from(verdict.key.keyId).toString('hex');
    const message = `${path} has a signature in the name of the key ${id} that the key did not make`;
    throw new LedgerProblem({ code: 'forged-signature', message, path });
  }

  return {
    checkpoint(note, path) {
      const fail = (code: ProblemCode, message: string) => new LedgerProblem({ code, message, path });
      const checkpoint = readCheckpoint(readNote(note)?.text ?? '');
      if (checkpoint === undefined) throw fail('not-a-checkpoint', `${path} is not a signed checkpoint`);
      if (checkpoint.origin !== origin) {
        const message = `${path} is of the log ${JSON.stringify(checkpoint.origin)}, not of ${origin}`;
        throw fail('wrong-origin', message);
      }
      const { size } = checkpoint;
      if (first === undefined || isSigned(note, path, size)) return checkpoint;
      if (putAside.length === mostPutAside) throw unknownKey(origin, putAside[0]?.path ?? path);
      putAside.push({ note, path, size });
      return checkpoint;
    },
    handover(index, note) {
      if (first === undefined) return;
      notes.push({ index, note });
      history = followKeys(registry, first, notes);
      putAside = putAside.filter((one) => !isSigned(one.note, one.path, one.size));
    },
    settle() {
      const [unknown] = putAside;
      if (unknown !== undefined) throw unknownKey(origin, unknown.path);
    },
    refused: () => history.refused,
  };
}

/**
 * Reads the checkpoint of a note by itself. Throws {@link LedgerProblem} where it is none of the log, or no key that signed
 * the log first signed it: handovers are known only to who reads the log.
 */
export function trustedCheckpoint(note: string, path: string, trust: Trust): Checkpoint {
  const log = logTrust(trust);
  const checkpoint = log.checkpoint(note, path);
  log.settle();
  return checkpoint;
}

function unknownKey(origin: string, path: string): LedgerProblem {
  const message = `no trusted key of ${origin} signed ${path}`;
  return new LedgerProblem({ code: 'unknown-key', message, path });
}
