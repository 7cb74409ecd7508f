import type { Signer } from '../audit/ledger-ports.ts';

/** Signs by several keys, each of which has to: a note that lacks a signature would look like a key that was given up. */
export function jointSigner(signers: readonly Signer[]): Signer {
  return {
    sign: async (origin, text) => (await Promise.all(signers.map((one) => one.sign(origin, text)))).flat(),
    keys: async (origin) => (await Promise.all(signers.map((one) => one.keys(origin)))).flat(),
  };
}
