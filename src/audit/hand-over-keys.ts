import { originOf } from '../ledger/checkpoint.ts';
import { handoverKind, handoverText } from '../ledger/key-handover.ts';
import {
  formatNote,
  type NoteSignature,
  readNote,
  type VerifierKey,
  verifierKeyText,
  verifyNote,
} from '../ledger/signed-note.ts';
import { AuditFault } from './fault.ts';
import type { LedgerLog, Signer } from './ledger-ports.ts';
import { type OnceRecordedPorts, onceRecorded } from './once-recorded.ts';

export interface HandOverKeysPorts extends OnceRecordedPorts {
  readonly ledger: Pick<LedgerLog, 'head'>;
  /** Signs with keys that no longer sign logs, while they can be used. */
  readonly before?: Signer;
  /** Signs with the keys from now on. */
  readonly after: Signer;
}

/** Where records of a whole registry are: no repository has this name. */
const ownRepository = '_registry';

/**
 * `none`: the keys are those that signed the log so far. `impossible`: none of those is here, so that whoever verifies has to
 * be given the new ones.
 */
export type HandOverOutcome = 'handed-over' | 'none' | 'impossible';

/**
 * Records in a log whose last checkpoint was signed by other keys than those that sign now, that these sign from the next
 * one on: a note by all of those before that are here, and by all of the new ones. To be done before the log is sealed again;
 * repeating it changes nothing. Throws the fault `handover-unknown-key` where the keys before are not those of the log.
 */
export function handOverKeys(ports: HandOverKeysPorts) {
  const { ledger, before, after } = ports;
  const signers = before === undefined ? [after] : [before, after];

  return async (registry: string): Promise<HandOverOutcome> => {
    const head = await ledger.head(registry);
    if (head?.checkpoint === undefined) return 'none';
    const { checkpoint, size, sealedAt } = head;
    const origin = originOf(registry);
    const newKeys = await after.keys(origin);
    const verdict = verifyNote(checkpoint, onceEach([...((await before?.keys(origin)) ?? []), ...newKeys]));
    if (!verdict.ok) {
      if (before === undefined && verdict.reason === 'unknown-keys') return 'impossible';
      const message = `the log of ${registry} was not signed by the keys that are to hand it over`;
      throw new AuditFault('handover-unknown-key', message, { retryable: false });
    }
    const oldKeys = verdict.verifiedBy;
    const signatures = readNote(checkpoint)?.signatures.length;
    if (newKeys.every((key) => oldKeys.includes(key)) && signatures === newKeys.length) return 'none';

    const from = size + 1;
    const text = handoverText({ origin, from, oldKeys, newKeys });
    const signed = await Promise.all(signers.map((signer) => signer.sign(origin, text)));
    const note = formatNote(text, signaturesOf(onceEach([...oldKeys, ...newKeys]), signed.flat()));
    // An instant that is the same each time: what was announced first stays.
    const at = { time: sealedAt, id: `${handoverKind}.${from}` };
    const { record } = onceRecorded(ports, { registry, repository: ownRepository });
    await record(at, { kind: handoverKind, content: { note }, states: [] }, new Map());
    return 'handed-over';
  };
}

/** Each key once; of two alike the last. */
function onceEach(keys: readonly VerifierKey[]): readonly VerifierKey[] {
  return [...new Map(keys.map((key) => [verifierKeyText(key), key])).values()];
}

/** One signature by each key. */
function signaturesOf(
  keys: readonly VerifierKey[],
  signed: readonly NoteSignature[],
): readonly NoteSignature[] {
  return keys.flatMap(({ keyId }) => signed.find((one) => Buffer.from(keyId).equals(one.keyId)) ?? []);
}
