import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readPrivacyKey } from '../../../src/ledger/pseudonym.ts';
import { privacyKeyOfVault } from '../../../src/storage/key-vault-secret.ts';
import { type StandInVault, startKeyVault } from '../../builders/key-vault.ts';
import { credential } from '../../builders/registry-access.ts';

const text = Buffer.alloc(32, 7).toString('base64');

let vault: StandInVault;
beforeEach(async () => {
  vault = await startKeyVault();
  vault.secret = text;
});
afterEach(() => vault.close());

const keyOf = (secretId = vault.secretId) =>
  privacyKeyOfVault({ secretId, ca: vault.ca, credential: credential(), pause: async () => {} });

describe('when the privacy key is a secret of a vault', () => {
  it('it is asked for once, by its version', async () => {
    const key = keyOf();
    expect(await Promise.all([key(), key()])).toEqual([readPrivacyKey(text), readPrivacyKey(text)]);
    expect(await key()).toEqual(readPrivacyKey(text));
    const { pathname } = new URL(vault.secretId);
    expect(vault.requests.map(({ target }) => target)).toEqual([`${pathname}?api-version=7.4`]);
  });

  it('and the vault is busy, it is asked again', async () => {
    vault.instead.push({ status: 429 }, { status: 503 });
    expect(await keyOf()()).toBeDefined();
  });

  it.each([
    ['is gone', { status: 404, body: { error: { code: 'SecretNotFound' } } }],
    ['may not be read', { status: 403, body: { error: { code: 'Forbidden' } } }],
    ['is too short', { body: { id: '', value: Buffer.alloc(16, 7).toString('base64') } }],
    ['is no text', { body: { value: 7 } }],
  ])('and it %s, records wait until it is put right, and nothing of it is told', async (_, answer) => {
    const key = keyOf();
    vault.instead.push(answer);
    const failing = key();
    await expect(failing).rejects.toMatchObject({ code: 'privacy-key', retryable: true });
    await expect(failing).rejects.toMatchObject({
      message: expect.not.stringContaining(Buffer.alloc(16, 7).toString('base64')),
    });
    expect(await key()).toEqual(readPrivacyKey(text));
  });
});
