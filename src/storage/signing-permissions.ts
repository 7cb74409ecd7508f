import { AuditFault } from '../audit/fault.ts';
import { type KeyVaultOptions, keyVault } from './key-vault.ts';
import { keyVaultSigner } from './key-vault-signer.ts';

export interface SigningPermissionsOptions extends Omit<KeyVaultOptions, 'vault'> {
  /** The key's identifier with its version. */
  readonly keyId: string;
}

/** A text that is no checkpoint: what is signed of it proves nothing of any log. */
const probe = 'acr-audit preflight\n';

/** What an identity may do with the key of the ledger. Faults are those of `keyVaultSigner`. */
export function signingPermissions({ keyId, ...options }: SigningPermissionsOptions) {
  const { origin } = new URL(keyId);
  return {
    maySign: () => isAllowed(() => keyVaultSigner({ ...options, keyId }).sign('acr-audit/preflight', probe)),
    /** Of a key that is not there, which one of this vault's whole roles for keys would let it try. */
    mayBackUp: () =>
      isAllowed(() => keyVault({ ...options, vault: origin }).ask('/keys/acr-audit-preflight/backup', {})),
  };
}

/** Whether a secret may be read. Its value is not looked at. */
export function maySecretBeRead({
  secretId,
  ...options
}: Omit<KeyVaultOptions, 'vault'> & { readonly secretId: string }) {
  const { origin, pathname } = new URL(secretId);
  return isAllowed(() => keyVault({ ...options, vault: origin }).ask(pathname));
}

async function isAllowed(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (!(error instanceof AuditFault)) throw error;
    if (error.code === 'key-vault-403') return false;
    if (error.code === 'key-vault-404') return true;
    throw error;
  }
}
