import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

/** What comes before the 32 bytes of an Ed25519 key in PKCS #8: RFC 8410, section 7. */
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An Ed25519 key that a name decides and anybody can make: the same inputs are signed in every run. */
export function fixedKey(name: string): KeyObject {
  const key = Buffer.concat([prefix, createHash('sha256').update(name).digest()]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
