import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import type { Signer } from '../audit/ledger-ports.ts';
import { ecdsaKey } from '../ledger/signed-note.ts';
import { type KeyVaultOptions, keyVault } from './key-vault.ts';

export interface KeyVaultSignerOptions extends Omit<KeyVaultOptions, 'vault'> {
  /** The key's identifier with its version: `https://contoso.vault.azure.net/keys/ledger/<32 hexadecimal digits>`. */
  readonly keyId: string;
}

/** Bytes of each of the two numbers of a signature by a P-256 key. */
const numberLength = 32;

const identifierForm = /^\/keys\/[A-Za-z0-9-]{1,127}\/[0-9a-f]{32}$/;

/**
 * A key as its vault shows it: https://learn.microsoft.com/rest/api/keyvault/keys/get-key/get-key. `EC-HSM` is an `EC` key
 * kept in hardware.
 */
const keyBundle = z.object({
  key: z.object({
    kid: z.string(),
    kty: z.enum(['EC', 'EC-HSM']),
    crv: z.literal('P-256'),
    key_ops: z.array(z.string()),
    x: z.string(),
    y: z.string(),
  }),
  attributes: z.object({ enabled: z.boolean(), exportable: z.optional(z.boolean()) }),
});

/** https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign */
const signed = z.object({ kid: z.string(), value: z.string() });

/**
 * Signs by an ECDSA P-256 key of a Key Vault, which never leaves it: the hash of a text goes there and the signature comes
 * back, which is checked before it is used. The version is pinned: another one is another key, and needs a handover.
 * Faults are those of {@link keyVault} and `key-vault-key` for a key that won't do. Throws TypeError when the identifier
 * is none with a version.
 */
export function keyVaultSigner({ keyId, ...options }: KeyVaultSignerOptions): Signer {
  const { vault, path } = readIdentifier(keyId);
  const { ask } = keyVault({ ...options, vault });
  let known: Promise<KeyObject> | undefined;

  async function readPublicKey(): Promise<KeyObject> {
    const bundle = keyBundle.safeParse(await ask(path));
    if (!bundle.success) throw unfit(keyId, 'is no ECDSA P-256 key');
    const { key, attributes } = bundle.data;
    if (key.kid !== keyId) throw unfit(keyId, 'was asked for, and another one shown');
    if (attributes.exportable === true) throw unfit(keyId, 'may be exported: whoever has it can sign');
    if (!attributes.enabled || !key.key_ops.includes('sign')) throw unfit(keyId, 'may not sign');
    try {
      const jwk = { kty: 'EC', crv: key.crv, x: key.x, y: key.y };
      return createPublicKey({ key: jwk, format: 'jwk' });
    } catch {
      throw unfit(keyId, 'is no point of the curve');
    }
  }

  function publicKey(): Promise<KeyObject> {
    known ??= readPublicKey().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  return {
    async sign(origin, text) {
      const bytes = Buffer.from(text);
      const value = createHash('sha256').update(bytes).digest('base64url');
      const key = await publicKey();
      const answer = signed.safeParse(await ask(`${path}/sign`, { alg: 'ES256', value }));
      const signature = answer.success ? derOf(Buffer.from(answer.data.value, 'base64url')) : undefined;
      if (signature === undefined || answer.data?.kid !== keyId || !verify('sha256', bytes, key, signature)) {
        throw new AuditFault('key-vault-unreadable', `${keyId} answered without a signature by it`, {
          retryable: false,
        });
      }
      const { name, keyId: id } = ecdsaKey(origin, key);
      return [{ name, keyId: id, signature }];
    },
    async keys(origin) {
      return [ecdsaKey(origin, await publicKey())];
    },
  };
}

function readIdentifier(text: string): { readonly vault: string; readonly path: string } {
  const url = URL.parse(text);
  if (url === null || url.href !== text || url.search !== '' || !identifierForm.test(url.pathname)) {
    throw new TypeError(
      'The key has no identifier with a version, such as https://contoso.vault.azure.net/keys/ledger/<version>',
    );
  }
  return { vault: url.origin, path: url.pathname };
}

/**
 * A signature as notes have it, in ASN.1 DER (https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3), of one as vaults give
 * it, the two numbers one after the other (https://www.rfc-editor.org/rfc/rfc7518#section-3.4); `undefined` of anything else.
 */
function derOf(numbers: Uint8Array): Uint8Array | undefined {
  if (numbers.length !== 2 * numberLength) return undefined;
  const content = [
    ...derInteger(numbers.subarray(0, numberLength)),
    ...derInteger(numbers.subarray(numberLength)),
  ];
  // No length here reaches 128, from which on it would take more than one byte.
  return Uint8Array.of(0x30, content.length, ...content);
}

function derInteger(number: Uint8Array): readonly number[] {
  const start = number.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? [0] : [...number.subarray(start)];
  // A first bit that is set would make it negative.
  const bytes = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits;
  return [0x02, bytes.length, ...bytes];
}

function unfit(keyId: string, problem: string): AuditFault {
  return new AuditFault('key-vault-key', `the key ${keyId} ${problem}`, { retryable: false });
}
