import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { open } from 'node:fs/promises';
import { AuditFault } from '../audit/fault.ts';
import type { Signer } from '../audit/ledger-ports.ts';
import { ed25519Key } from '../ledger/signed-note.ts';
import { codeOf, writeOnce } from './write-once-file.ts';

/** More characters than a key's PEM text has. */
const maxPemLength = 4_096;

/** Rights that nobody but the owner may have: others to read, and the group to write. Its reading is for mounted secrets. */
const refusedMode = 0o027;

export interface LocalSignerOptions {
  /** Whether a key is made where there is none, as it is unless told: one that has signed before is never made anew. */
  readonly mayMake?: boolean;
}

/**
 * Signs by an Ed25519 key in a file (PKCS #8, PEM), which is made, for its owner alone, when there is none: for one machine,
 * and beside a key that nobody can copy. Of several that start at once one makes the key and all use it. Faults are
 * `ledger-key-unreadable`, `ledger-key-unsafe` and `ledger-key-unwritable`.
 */
export function localSigner(path: string, { mayMake = true }: LocalSignerOptions = {}): Signer {
  let known: Promise<KeyObject> | undefined;

  function privateKey(): Promise<KeyObject> {
    known ??= readOrMake(path, mayMake).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  return {
    async sign(origin, text) {
      const key = await privateKey();
      const { name, keyId } = ed25519Key(origin, createPublicKey(key));
      return [{ name, keyId, signature: new Uint8Array(sign(null, Buffer.from(text), key)) }];
    },
    async keys(origin) {
      return [ed25519Key(origin, createPublicKey(await privateKey()))];
    },
  };
}

async function readOrMake(path: string, mayMake: boolean): Promise<KeyObject> {
  const found = await read(path);
  if (found !== undefined) return found;
  if (!mayMake) {
    throw new AuditFault('ledger-key-unreadable', 'the ledger key is not there', { retryable: false });
  }
  await make(path);
  const made = await read(path);
  if (made !== undefined) return made;
  throw new AuditFault('ledger-key-unreadable', 'the ledger key went away after it was made', {
    retryable: true,
  });
}

async function read(path: string): Promise<KeyObject | undefined> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(cause);
  });
  if (file === undefined) return undefined;
  try {
    const { mode, size } = await file.stat();
    // Windows keeps no such rights.
    if (process.platform !== 'win32' && (mode & refusedMode) !== 0) {
      const rights = (mode & 0o777).toString(8);
      throw new AuditFault(
        'ledger-key-unsafe',
        `the ledger key has mode ${rights}: others may read it or change it`,
        {
          retryable: false,
        },
      );
    }
    if (size > maxPemLength) throw unreadable();
    return keyOf(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

function keyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told without the cause, which may quote the text.
  }
  throw unreadable();
}

/** Makes the key, unless another one just did. */
async function make(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  try {
    await writeOnce(path, pem, 0o600);
  } catch (cause) {
    throw new AuditFault('ledger-key-unwritable', `the ledger key could not be made: ${codeOf(cause)}`, {
      retryable: false,
      cause,
    });
  }
}

function unreadable(cause?: unknown): AuditFault {
  const problem = cause === undefined ? 'is no Ed25519 key in PEM' : `could not be read: ${codeOf(cause)}`;
  return new AuditFault('ledger-key-unreadable', `the ledger key ${problem}`, { retryable: false, cause });
}
