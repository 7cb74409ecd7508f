import { originOf } from '../ledger/checkpoint.ts';
import { handoverKind, handoverText } from '../ledger/key-handover.ts';
import { formatNote, type NoteSignature, type VerifierKey, verifyNote } from '../ledger/signed-note.ts';
import { AuditFault } from './fault.ts';
import type { LedgerLog, Signer } from './ledger-ports.ts';
import { type OnceRecordedPorts, onceRecorded } from './once-recorded.ts';

export interface HandOverKeysPorts extends OnceRecordedPorts {
  readonly ledger: Pick<LedgerLog, 'head'>;
  /** Signs with the keys so far. */
  readonly before: Signer;
  /** Signs with the keys from now on. */
  readonly after: Signer;
}

/** Where records of a whole registry are: no repository has this name. */
const ownRepository = '_registry';

/**
 * Records in a log whose last checkpoint was not signed by every key that signs now, that those sign from the next one on:
 * a note by the keys so far and by the new ones. To be done before the log is sealed again; repeating it changes nothing.
 * Throws the fault `handover-unknown-key` where the keys so far are not those of the log.
 */
export function handOverKeys(ports: HandOverKeysPorts) {
  const { ledger, before, after } = ports;
  return async (registry: string): Promise<'handed-over' | 'none'> => {
    const head = await ledger.head(registry);
    if (head?.checkpoint === undefined) return 'none';
    const { checkpoint, size, sealedAt } = head;
    const origin = originOf(registry);
    const newKeys = await after.keys(origin);
    if (isSignedByAll(checkpoint, newKeys)) return 'none';
    const oldKeys = await before.keys(origin);
    if (!verifyNote(checkpoint, oldKeys).ok) {
      const message = `the log of ${registry} was not signed by the keys that are to hand it over`;
      throw new AuditFault('handover-unknown-key', message, { retryable: false });
    }
    const from = size + 1;
    const text = handoverText({ origin, from, oldKeys, newKeys });
    const signatures = await Promise.all([before, after].map((signer) => signer.sign(origin, text)));
    // An instant that is the same each time: what was announced first stays.
    const at = { time: sealedAt, id: `${handoverKind}.${from}` };
    const content = { note: formatNote(text, onceEach(signatures.flat())) };
    const { record } = onceRecorded(ports, { registry, repository: ownRepository });
    await record(at, { kind: handoverKind, content, states: [] }, new Map());
    return 'handed-over';
  };
}

function isSignedByAll(note: string, keys: readonly VerifierKey[]): boolean {
  const verdict = verifyNote(note, keys);
  return verdict.ok && keys.every((key) => verdict.verifiedBy.includes(key));
}

/** A key that goes on signs once. */
function onceEach(signatures: readonly NoteSignature[]): readonly NoteSignature[] {
  return [...new Map(signatures.map((one) => [Buffer.from(one.keyId).toString('hex'), one])).values()];
}
