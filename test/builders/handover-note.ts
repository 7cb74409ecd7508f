import { handoverText } from '../../src/ledger/key-handover.ts';
import { formatNote } from '../../src/ledger/signed-note.ts';
import type { noteSigner } from './note-signer.ts';

type Key = ReturnType<typeof noteSigner>;

/** A text of a log, signed by keys. */
export async function noteBy(origin: string, text: string, signers: readonly Key[]): Promise<string> {
  return formatNote(text, (await Promise.all(signers.map(({ sign }) => sign(origin, text)))).flat());
}

/** A handover of a log between keys, signed by those of both sides unless told. */
export function handoverNote(
  origin: string,
  from: number,
  old: readonly Key[],
  next: readonly Key[],
  signedBy: readonly Key[] = [...new Set([...old, ...next])],
): Promise<string> {
  const [oldKeys, newKeys] = [old, next].map((keys) => keys.map(({ keyOf }) => keyOf(origin)));
  return noteBy(
    origin,
    handoverText({ origin, from, oldKeys: oldKeys ?? [], newKeys: newKeys ?? [] }),
    signedBy,
  );
}
