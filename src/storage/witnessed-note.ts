import { AuditFault } from '../audit/fault.ts';
import type { Witness } from '../audit/ledger-ports.ts';
import { readNote } from '../ledger/signed-note.ts';

/** A witness that can be asked what it holds. */
export interface AskedWitness extends Witness {
  /** The note of the largest log that it holds of a registry. */
  newest(registry: string): Promise<string | undefined>;
}

/** More characters than a checkpoint's note has. */
export const maxNoteLength = 64 * 1024;

/**
 * Compares a checkpoint with the one of its size that a witness holds. Signatures may differ: an ECDSA key signs the same
 * text otherwise each time. Throws the fault `witness-split-view` when they say something else: then the log was told in
 * two ways, and one of them is not what it was.
 */
export function agreeWithHeld(
  { witness, registry, size }: { readonly witness: string; readonly registry: string; readonly size: number },
  held: string,
  note: string,
): void {
  if (held === note) return;
  const text = readNote(note)?.text;
  if (text !== undefined && readNote(held)?.text === text) return;
  const message = `split view: the witness ${witness} holds another checkpoint of ${registry} at size ${size}`;
  throw new AuditFault('witness-split-view', message, { retryable: false });
}

/** The size that a name of a checkpoint tells, or `undefined` when it is none. */
export function sizeNamed(name: string): number | undefined {
  const size = /^(?:0|[1-9]\d{0,15})$/.test(name) ? Number(name) : undefined;
  return Number.isSafeInteger(size) ? size : undefined;
}
