import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../../src/audit/ledger-ports.ts';
import { ecdsaKey, ed25519Key } from '../../src/ledger/signed-note.ts';

/** A signer with a key of its own, made anew unless given. */
export function noteSigner(type: 'ed25519' | 'ecdsa-p256' = 'ed25519', given?: KeyObject) {
  const privateKey =
    given ??
    (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' }))
      .privateKey;
  const pair = { privateKey, publicKey: createPublicKey(privateKey) };
  const keyOf = (origin: string) =>
    type === 'ed25519' ? ed25519Key(origin, pair.publicKey) : ecdsaKey(origin, pair.publicKey);
  const signer: Signer = {
    async sign(origin, text) {
      const { name, keyId } = keyOf(origin);
      const hash = type === 'ed25519' ? null : 'sha256';
      return [{ name, keyId, signature: sign(hash, Buffer.from(text), pair.privateKey) }];
    },
    keys: async (origin) => [keyOf(origin)],
  };
  return { ...signer, keyOf, privateKey: pair.privateKey };
}
