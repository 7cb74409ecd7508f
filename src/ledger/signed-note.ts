import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/*
 * Signed notes: https://c2sp.org/signed-note. A text, an empty line, and a line for each signature, which names its key
 * and begins with four bytes that tell keys of the same name apart.
 */

/** A signature of a note. */
export interface NoteSignature {
  /** The key's name: for the key of a log, its origin. */
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A public key that verifies notes. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  /** `ecdsa-p256` signs the SHA-256 of the text, in ASN.1 DER. */
  readonly type: 'ed25519' | 'ecdsa-p256';
  readonly publicKey: KeyObject;
}

const typeBytes = { ed25519: 1, 'ecdsa-p256': 2 } as const;
const keyIdLength = 4;
const maxNoteLength = 64 * 1024;
const maxSignatures = 64;

/** The Ed25519 key of a name. Throws TypeError when the key is of another type. */
export function ed25519Key(name: string, publicKey: KeyObject): VerifierKey {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError(`the key of ${name} is no Ed25519 key`);
  const content = Buffer.concat([Buffer.of(typeBytes.ed25519), rawEd25519(publicKey)]);
  const keyId = truncated(Buffer.concat([Buffer.from(`${checkedName(name)}\n`), content]));
  return { name, keyId, type: 'ed25519', publicKey };
}

/** The ECDSA P-256 key of a name; its id does not depend on the name. Throws TypeError when it is of another type. */
export function ecdsaKey(name: string, publicKey: KeyObject): VerifierKey {
  const curve = publicKey.asymmetricKeyDetails?.namedCurve;
  if (publicKey.asymmetricKeyType !== 'ec' || curve !== 'prime256v1') {
    throw new TypeError(`the key of ${name} is no ECDSA P-256 key`);
  }
  return { name: checkedName(name), keyId: truncated(spki(publicKey)), type: 'ecdsa-p256', publicKey };
}

/** A key as text, to be handed to whoever verifies: `name+id+base64`. */
export function verifierKeyText({ name, keyId, type, publicKey }: VerifierKey): string {
  const key = type === 'ed25519' ? rawEd25519(publicKey) : spki(publicKey);
  const content = Buffer.concat([Buffer.of(typeBytes[type]), key]).toString('base64');
  return `${name}+${Buffer.from(keyId).toString('hex')}+${content}`;
}

/** Reads a key's text, or `undefined` when it isn't one, or its id is another key's. */
export function readVerifierKey(text: string): VerifierKey | undefined {
  const [, name, encoded] = /^([^\s+]{1,512})\+[0-9a-f]{8}\+([A-Za-z0-9+/=]{1,512})$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const key = keyOf(name, Buffer.from(encoded, 'base64'));
  // One text for one key: its id, and nothing after what the key needs.
  return key !== undefined && verifierKeyText(key) === text ? key : undefined;
}

/** Keys of a text, one on each line; lines that begin with `#` are comments. `undefined`: none, or a line that is no key. */
export function readVerifierKeys(text: string): readonly VerifierKey[] | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map(readVerifierKey);
  const known = keys.filter((one) => one !== undefined);
  return known.length > 0 && known.length === keys.length ? known : undefined;
}

function keyOf(name: string, content: Buffer): VerifierKey | undefined {
  const der = content.subarray(1);
  try {
    if (content[0] === typeBytes.ed25519) {
      return ed25519Key(name, publicKeyOf(Buffer.concat([ed25519Prefix, der])));
    }
    return content[0] === typeBytes['ecdsa-p256'] ? ecdsaKey(name, publicKeyOf(der)) : undefined;
  } catch {
    // Whatever is no key of its type.
    return undefined;
  }
}

function publicKeyOf(der: Buffer): KeyObject {
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** A note with its signatures. Throws RangeError when the text is none that can be signed. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  if (!isNoteText(text)) throw new RangeError('the text of a note ends with a newline and has no empty line');
  const lines = signatures.map(
    ({ name, keyId, signature }) =>
      `— ${checkedName(name)} ${Buffer.concat([keyId, signature]).toString('base64')}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

/** A note as it is written, not yet believed. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Reads a note, or `undefined` when it isn't one. */
export function readNote(note: string): Note | undefined {
  if (note.length > maxNoteLength) return undefined;
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (!isNoteText(text) || lines.length > maxSignatures) return undefined;
  const signatures = lines.map(signatureOf).filter((signature) => signature !== undefined);
  return signatures.length === lines.length ? { text, signatures } : undefined;
}

function signatureOf(line: string): NoteSignature | undefined {
  const [, name, encoded] = /^— ([^\s+]{1,512}) ([A-Za-z0-9+/]{8,}={0,2})$/.exec(line) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64'));
  if (bytes.length <= keyIdLength || Buffer.from(bytes).toString('base64') !== encoded) return undefined;
  return { name, keyId: bytes.subarray(0, keyIdLength), signature: bytes.subarray(keyIdLength) };
}

/** What became of a note's signatures. */
export type NoteVerdict =
  | { readonly ok: true; readonly text: string; readonly verifiedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly reason: 'not-a-note' | 'unknown-keys' }
  | { readonly ok: false; readonly reason: 'wrong-signature'; readonly key: VerifierKey };

/**
 * Verifies a note by the keys that are trusted: at least one of them signed it, and none of them signed something else.
 * Signatures of keys that aren't known say nothing.
 */
export function verifyNote(note: string, keys: readonly VerifierKey[]): NoteVerdict {
  const read = readNote(note);
  if (read === undefined) return { ok: false, reason: 'not-a-note' };
  const verifiedBy: VerifierKey[] = [];
  for (const { name, keyId, signature } of read.signatures) {
    const id = Buffer.from(keyId);
    const key = keys.find((known) => known.name === name && id.equals(known.keyId));
    if (key === undefined) continue;
    if (!isSignatureOf(read.text, key, signature)) return { ok: false, reason: 'wrong-signature', key };
    verifiedBy.push(key);
  }
  return verifiedBy.length === 0
    ? { ok: false, reason: 'unknown-keys' }
    : { ok: true, text: read.text, verifiedBy };
}

function isSignatureOf(text: string, { type, publicKey }: VerifierKey, signature: Uint8Array): boolean {
  const hash = type === 'ed25519' ? null : 'sha256';
  return verify(hash, Buffer.from(text), publicKey, signature);
}

/** A newline at its end, something before it, no control characters otherwise, and no empty line to end it early. */
function isNoteText(text: string): boolean {
  if (!text.endsWith('\n') || text.startsWith('\n') || text.includes('\n\n') || text === '\n') return false;
  return !/[\p{Cc}\p{Cs}]/u.test(text.replaceAll('\n', ''));
}

function checkedName(name: string): string {
  if (/^[^\s+]{1,512}$/.test(name)) return name;
  throw new RangeError(`a key cannot be named ${JSON.stringify(name)}: no spaces, no plus signs`);
}

function truncated(content: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(content).digest().subarray(0, keyIdLength));
}

/** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo: RFC 8410, section 4. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

function rawEd25519(publicKey: KeyObject): Buffer {
  return spki(publicKey).subarray(ed25519Prefix.length);
}

function spki(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' });
}
