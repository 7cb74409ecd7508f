import { generateKeyPairSync, sign } from 'node:crypto';
import type { Signer } from '../../src/audit/ledger-ports.ts';
import { ecdsaKey, ed25519Key } from '../../src/ledger/signed-note.ts';

/** A signer with a key of its own, made anew. */
export function noteSigner(type: 'ed25519' | 'ecdsa-p256' = 'ed25519') {
  const pair =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
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
