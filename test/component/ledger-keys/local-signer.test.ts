import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ed25519Key, formatNote, verifierKeyText, verifyNote } from '../../../src/ledger/signed-note.ts';
import { jointSigner } from '../../../src/storage/joint-signer.ts';
import { keyVaultSigner } from '../../../src/storage/key-vault-signer.ts';
import { localSigner } from '../../../src/storage/local-signer.ts';
import { startKeyVault } from '../../builders/key-vault.ts';
import { credential } from '../../builders/registry-access.ts';

const origin = 'acr-audit/contoso.azurecr.io';
const text = `${origin}\n1\nZm9v\n`;

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'local-signer-'));
  path = join(directory, 'ledger.pem');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('when the key is in a file', () => {
  it('and there is none yet, it is made for its owner alone, and leaves nothing else behind', async () => {
    await localSigner(path).keys(origin);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['ledger.pem']);
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it('what it signs is verified by the public half of that file, in the name of the log', async () => {
    const note = formatNote(text, await localSigner(path).sign(origin, text));
    const key = ed25519Key(origin, createPublicKey(await readFile(path, 'utf8')));
    expect(verifyNote(note, [key])).toMatchObject({ ok: true, text });
    expect(verifyNote(note.replace('Zm9v', 'Zm8v'), [key])).toMatchObject({ reason: 'wrong-signature' });
    const other = ed25519Key('acr-audit/fabrikam.azurecr.io', key.publicKey);
    expect(verifyNote(note, [other])).toMatchObject({ reason: 'unknown-keys' });
  });

  it('and many start at once, they have one key', async () => {
    const keys = await Promise.all(Array.from({ length: 16 }, () => localSigner(path).keys(origin)));
    expect(new Set(keys.flat().map(verifierKeyText)).size).toBe(1);
    expect(await readdir(directory)).toEqual(['ledger.pem']);
  });

  it('and it starts again, the key stays', async () => {
    const [before] = await localSigner(path).keys(origin);
    const [after] = await localSigner(path).keys(origin);
    expect(after && verifierKeyText(after)).toBe(before && verifierKeyText(before));
  });

  it.each([
    ['no PEM', 'a key'],
    ['nothing, as a start that was cut off would leave', ''],
    ['more than any key', 'x'.repeat(10_000)],
    ['a key of another kind', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ])('and the file has %s, it is told, not replaced, and not quoted', async (_, content) => {
    const pem =
      typeof content === 'string' ? content : String(content.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(path, pem, { mode: 0o600 });
    const signing = localSigner(path).sign(origin, text);
    await expect(signing).rejects.toMatchObject({ code: 'ledger-key-unreadable', retryable: false });
    await expect(signing).rejects.not.toMatchObject({ message: expect.stringContaining('xxxx') });
    expect(await readFile(path, 'utf8')).toBe(pem);
  });

  it.each([0o644, 0o620, 0o602])('and others may read or change it (%o), it is not used', async (mode) => {
    await localSigner(path).keys(origin);
    await chmod(path, mode);
    await expect(localSigner(path).keys(origin)).rejects.toMatchObject({ code: 'ledger-key-unsafe' });
  });

  it('and it has to be there, none is made', async () => {
    const signer = localSigner(path, { mayMake: false });
    await expect(signer.keys(origin)).rejects.toMatchObject({ code: 'ledger-key-unreadable' });
    expect(await readdir(directory)).toEqual([]);
  });

  it('and its folder is missing, it is told', async () => {
    const signer = localSigner(join(directory, 'none', 'ledger.pem'));
    await expect(signer.keys(origin)).rejects.toMatchObject({ code: 'ledger-key-unwritable' });
  });
});

it('when two keys sign a note, each of them verifies it alone', async () => {
  const vault = await startKeyVault();
  try {
    const both = jointSigner([
      localSigner(path),
      keyVaultSigner({ keyId: vault.keyId, ca: vault.ca, credential: credential() }),
    ]);
    const note = formatNote(text, await both.sign(origin, text));
    const keys = await both.keys(origin);
    expect(keys.map(({ type }) => type)).toEqual(['ed25519', 'ecdsa-p256']);
    for (const key of keys) expect(verifyNote(note, [key])).toMatchObject({ ok: true, verifiedBy: [key] });
    expect(verifyNote(note, keys)).toMatchObject({ ok: true, verifiedBy: keys });
  } finally {
    await vault.close();
  }
});
