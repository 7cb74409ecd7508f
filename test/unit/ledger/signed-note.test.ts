import { createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ecdsaKey,
  ed25519Key,
  formatNote,
  readNote,
  readVerifierKey,
  readVerifierKeys,
  type VerifierKey,
  verifierKeyText,
  verifyNote,
} from '../../../src/ledger/signed-note.ts';
import { noteSigner } from '../../builders/note-signer.ts';

/** The example of Go's note package, by which C2SP's signed notes came about: https://pkg.go.dev/golang.org/x/mod/sumdb/note. */
const go = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  other:
    '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n',
};

/** A checkpoint that Sigstore's Rekor signed with ECDSA P-256, from the tests of github.com/transparency-dev/formats. */
const rekor = {
  vkey:
    'rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l' +
    '+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=',
  note:
    'Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n— rekor.sigstore.dev ' +
    'wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n',
};

const { publicKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' });

function keyOf(text: string): VerifierKey {
  const key = readVerifierKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return key;
}

describe('published notes', () => {
  it('when Ed25519 signed it, is believed by its key, whoever else signed it', () => {
    const key = keyOf(go.vkey);
    expect(key).toMatchObject({ name: 'PeterNeumann', type: 'ed25519' });
    expect(verifierKeyText(key)).toBe(go.vkey);
    expect(verifyNote(`${go.text}\n${go.line}`, [key])).toEqual({
      ok: true,
      text: go.text,
      verifiedBy: [key],
    });
    expect(verifyNote(`${go.text}\n${go.line}${go.other}`, [key])).toMatchObject({ ok: true });
    expect(verifyNote(`${go.text}\n${go.other}`, [key])).toEqual({ ok: false, reason: 'unknown-keys' });
  });

  it('when ECDSA P-256 signed it, is believed by its key', () => {
    const key = keyOf(rekor.vkey);
    expect(key).toMatchObject({ name: 'rekor.sigstore.dev', type: 'ecdsa-p256' });
    expect(verifierKeyText(key)).toBe(rekor.vkey);
    expect(verifyNote(rekor.note, [key])).toMatchObject({ ok: true });
    expect(verifyNote(rekor.note.replace('798034', '798035'), [key])).toMatchObject({
      ok: false,
      reason: 'wrong-signature',
    });
    const renamed = keyOf(rekor.vkey.replace('rekor.', 'bananas.'));
    expect(verifyNote(rekor.note, [renamed])).toEqual({ ok: false, reason: 'unknown-keys' });
  });

  it('when what is read is written again, is the same', () => {
    for (const note of [`${go.text}\n${go.line}${go.other}`, rekor.note]) {
      const read = readNote(note);
      expect(read && formatNote(read.text, read.signatures)).toBe(note);
    }
  });
});

describe('a key as text', () => {
  it.each([
    ['a wrong id', go.vkey.replace('c74f20a3', 'c74f20a4')],
    ['an id in capitals', go.vkey.replace('c74f20a3', 'C74F20A3')],
    ['a name with a space', go.vkey.replace('PeterNeumann', 'Peter Neumann')],
    ['no key', 'PeterNeumann+c74f20a3'],
    ['a key of another length', `${go.vkey}AAAA`],
    ['an unknown type', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['an ECDSA key with the id of another', rekor.vkey.replace('c0d23d6a', '00000000')],
    ['an Ed25519 key of no bytes', 'log+00000000+AQ=='],
    ['an ECDSA key that is cut off', rekor.vkey.slice(0, 44)],
    [
      'a key of another curve',
      `log+00000000+${Buffer.concat([Buffer.of(2), p384.export({ format: 'der', type: 'spki' })]).toString('base64')}`,
    ],
    ['nothing', ''],
  ])('when it has %s, is refused', (_, text) => {
    expect(readVerifierKey(text)).toBeUndefined();
  });

  it('when a curve or a type is another, is no key of a log', () => {
    for (const other of [p384, createSecretKey(Buffer.alloc(32))]) {
      expect(() => ecdsaKey('log', other)).toThrow(new TypeError('the key of log is no ECDSA P-256 key'));
    }
    expect(() => ed25519Key('log', p384)).toThrow(new TypeError('the key of log is no Ed25519 key'));
    expect(() => ecdsaKey('log', generateKeyPairSync('ed25519').publicKey)).toThrow(TypeError);
    expect(() => ed25519Key('a log', generateKeyPairSync('ed25519').publicKey)).toThrow(RangeError);
  });
});

describe('a note', () => {
  const name = 'acr-audit/contoso.azurecr.io';

  it.each(['ed25519', 'ecdsa-p256'] as const)(
    'when %s signed it, is believed, and nothing else is',
    async (type) => {
      const signer = noteSigner(type);
      const text = 'one\ntwo\n';
      const note = formatNote(text, await signer.sign(name, text));
      const keys = [keyOf(verifierKeyText(signer.keyOf(name)))];
      expect(verifyNote(note, keys)).toMatchObject({ ok: true, text });
      expect(verifyNote(note.replace('two', 'twp'), keys)).toMatchObject({ reason: 'wrong-signature' });
      expect(verifyNote(note, [noteSigner(type).keyOf(name)])).toMatchObject({ ok: false });
      expect(verifyNote(note, [])).toMatchObject({ reason: 'unknown-keys' });
    },
  );

  it('when one trusted key signed it and another did not sign what stands in its name, is refused', async () => {
    const [one, other] = [noteSigner('ed25519'), noteSigner('ecdsa-p256')];
    const signatures = [...(await one.sign(name, 'text\n')), ...(await other.sign(name, 'other\n'))];
    const note = formatNote('text\n', signatures);
    expect(verifyNote(note, [one.keyOf(name)])).toMatchObject({ ok: true });
    expect(verifyNote(note, [one.keyOf(name), other.keyOf(name)])).toMatchObject({
      reason: 'wrong-signature',
    });
  });

  it.each([
    ['no signature', 'text\n\n'],
    ['no newline at its end', `${go.text}\n${go.line.trim()}`],
    ['another character for that newline', `${go.text}\n${go.line.trim()}x`],
    ['something before a signature', `${go.text}\nx${go.line}`],
    ['something after a signature', `${go.text}\n${go.line.trim()} x\n`],
    ['no empty line', `${go.text}${go.line}`],
    ['a hyphen for the dash', `${go.text}\n${go.line.replace('—', '-')}`],
    ['a control character', `te\u0001xt\n\n${go.line}`],
    ['base64 that is not the shortest', `${go.text}\n${go.line.replace('AM=', 'AN=')}`],
    ['a signature of the key id alone', `${go.text}\n— PeterNeumann x08gow==\n`],
    ['a line more', `${go.text}\n${go.line}\nmore\n`],
    ['nothing', ''],
  ])('when it has %s, is none', (_, note) => {
    expect(readNote(note)).toBeUndefined();
    expect(verifyNote(note, [keyOf(go.vkey)])).toEqual({ ok: false, reason: 'not-a-note' });
  });

  it('when any character of it is another, is not believed', () => {
    const note = `${go.text}\n${go.line}`;
    const key = keyOf(go.vkey);
    fc.assert(
      fc.property(
        fc.nat({ max: note.length - 1 }),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, character) => {
          fc.pre(note[at] !== character);
          const verdict = verifyNote(note.slice(0, at) + character + note.slice(at + 1), [key]);
          expect(verdict.ok).toBe(false);
        },
      ),
    );
  });

  it('when its text cannot be signed, is not written', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const signature = { name, keyId: new Uint8Array(4), signature: sign(null, Buffer.from(''), privateKey) };
    for (const text of ['', '\n', 'no newline', 'an\n\nempty line\n', 'bell\u0007\n']) {
      expect(() => formatNote(text, [signature])).toThrow(RangeError);
    }
    for (const other of ['two words', 'one+two', '', 'x'.repeat(513)]) {
      expect(() => formatNote('text\n', [{ ...signature, name: other }])).toThrow(
        new RangeError(`a key cannot be named ${JSON.stringify(other)}: no spaces, no plus signs`),
      );
    }
    expect(() => formatNote('', [signature])).toThrow('ends with a newline and has no empty line');
  });
});

describe('keys of a text', () => {
  const names = (text: string) => readVerifierKeys(text)?.map(({ name }) => name);

  it('are one on each line, with comments and empty lines between them', () => {
    expect(names(`# of two logs\n\n  ${go.vkey}\r\n${rekor.vkey}`)).toEqual([
      'PeterNeumann',
      'rekor.sigstore.dev',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['comments alone', '# none'],
    ['a line that is no key', `${go.vkey}\nkey`],
  ])('when it has %s, are none', (_, text) => {
    expect(readVerifierKeys(text)).toBeUndefined();
  });
});

describe('a note that somebody made large', () => {
  it('is read with 64 signatures, and with no more', () => {
    expect(readNote(`${go.text}\n${go.line.repeat(64)}`)?.signatures).toHaveLength(64);
    expect(readNote(`${go.text}\n${go.line.repeat(65)}`)).toBeUndefined();
  });

  it('is read up to 65,536 characters', () => {
    const noteOf = (length: number) => `${'x'.repeat(length - go.line.length - 2)}\n\n${go.line}`;
    expect(readNote(noteOf(65_536))).toBeDefined();
    expect(readNote(noteOf(65_537))).toBeUndefined();
  });
});
