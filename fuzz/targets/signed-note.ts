import { sign } from 'node:crypto';
import fc from 'fast-check';
import { checkpointText, readCheckpoint } from '../../src/ledger/checkpoint.ts';
import {
  formatNote,
  readNote,
  readVerifierKey,
  readVerifierKeys,
  verifierKeyText,
  verifyNote,
} from '../../src/ledger/signed-note.ts';
import { noteSigner } from '../../test/builders/note-signer.ts';
import { fixedKey } from '../fixed-key.ts';
import { accepted, hold, refused, type Target } from '../target.ts';

const origin = 'acr-audit/contoso.azurecr.io';
const signer = noteSigner('ed25519', fixedKey('a log'));
const key = signer.keyOf(origin);
const stranger = noteSigner('ed25519', fixedKey('another log')).keyOf(origin);

function signed(text: string): string {
  return formatNote(text, [
    { name: origin, keyId: key.keyId, signature: sign(null, Buffer.from(text), signer.privateKey) },
  ]);
}

const checkpoints = fc
  .record({
    size: fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER)),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    extensions: fc.array(fc.constantFrom('x', 'time 1'), { maxLength: 2 }),
  })
  .map((checkpoint) => checkpointText({ origin, ...checkpoint }));

/** Checkpoints, signed notes and keys as texts. */
export const signedNote: Target = {
  name: 'signed-note',
  form: 'text',
  property:
    'a note, a checkpoint and a key print as themselves; a note is believed only with a text that was signed, and never by another key',
  made: fc.oneof(
    {
      weight: 4,
      arbitrary: checkpoints.map(signed),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        verifierKeyText(key),
        `# a comment\n${verifierKeyText(key)}\n\n${verifierKeyText(stranger)}\n`,
      ),
    },
  ),
  words: [
    '\n\n',
    '\u2014 ',
    origin,
    ' 0\n',
    '+',
    '=',
    '9007199254740993',
    verifierKeyText(key),
    verifierKeyText(stranger),
  ],
  large: {
    signatures: (length) => `a\n\n${'\u2014 a AAAAAAAA\n'.repeat(length / 14)}`,
    'empty lines': (length) => '\n'.repeat(length),
    keys: (length) => `${verifierKeyText(key)}\n`.repeat(length / 90),
    name: (length) => `a\n\n\u2014 ${'a'.repeat(length)} AAAAAAAA\n`,
  },
  check(text) {
    const note = readNote(text);
    const checkpoint = readCheckpoint(note?.text ?? text);
    const [one, some] = [readVerifierKey(text), readVerifierKeys(text)];
    if (one !== undefined) hold(verifierKeyText(one) === text, 'a key has another text');
    if (note !== undefined) hold(formatNote(note.text, note.signatures) === text, 'a note has another text');
    if (checkpoint !== undefined) {
      hold(checkpointText(checkpoint) === (note?.text ?? text), 'a checkpoint has another text');
      hold(Number.isSafeInteger(checkpoint.size) && checkpoint.root.length === 32, 'a checkpoint is none');
    }
    const verdict = verifyNote(text, [key]);
    if (verdict.ok) {
      hold(
        note !== undefined && verdict.text === note.text && isSignedText(verdict.text, text),
        'a note is believed that nobody signed',
      );
      hold(!verifyNote(text, [stranger]).ok, 'a note is believed by another key');
    }
    hold(!verifyNote(text, []).ok, 'a note is believed by no key');
    const kind = `${note?.signatures.length} ${checkpoint?.extensions.length} ${one?.type} ${some?.length} ${verdict.ok ? 'ok' : verdict.reason}`;
    return verdict.ok || one !== undefined || some !== undefined ? accepted(kind) : refused(kind);
  },
};

/** Ed25519 signs a text in one way, which only the key can: what is believed has to have that signature. */
function isSignedText(text: string, note: string): boolean {
  return note.includes(
    signed(text)
      .slice(text.length + 1)
      .trimEnd(),
  );
}
