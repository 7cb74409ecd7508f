import * as z from 'zod/mini';
import { AuditFault } from '../audit/fault.ts';
import { type PrivacyKey, readPrivacyKey } from '../ledger/pseudonym.ts';
import { type KeyVaultOptions, keyVault } from './key-vault.ts';

export interface KeyVaultSecretOptions extends Omit<KeyVaultOptions, 'vault'> {
  /** The secret's identifier with its version: `https://contoso.vault.azure.net/secrets/privacy/<32 hexadecimal digits>`. */
  readonly secretId: string;
}

/** https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret */
const secret = z.object({ id: z.string(), value: z.string() });

/**
 * The key of pseudonyms from a secret of a Key Vault, asked for when it is first needed and kept in memory. Whatever is wrong
 * with it is a retryable fault: what is to be recorded waits until it is put right, and is not lost. The version is pinned:
 * another one would give everybody another pseudonym.
 */
export function privacyKeyOfVault({
  secretId,
  ...options
}: KeyVaultSecretOptions): () => Promise<PrivacyKey> {
  const { origin, pathname } = new URL(secretId);
  const { ask } = keyVault({ ...options, vault: origin });
  let known: Promise<PrivacyKey> | undefined;

  async function readKey(): Promise<PrivacyKey> {
    const answer = await ask(pathname).catch((cause: unknown) => {
      throw unusable('could not be read', cause);
    });
    const { success, data } = secret.safeParse(answer);
    const key = success && data.id === secretId ? readPrivacyKey(data.value) : undefined;
    if (key === undefined) throw unusable('is not the Base64 of at least 32 bytes');
    return key;
  }

  function unusable(problem: string, cause?: unknown): AuditFault {
    const why = cause instanceof AuditFault ? `: ${cause.message}` : '';
    const message = `the privacy key ${secretId} ${problem}${why}`;
    return new AuditFault('privacy-key', message, { retryable: true, cause });
  }

  return () => {
    known ??= readKey().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}
