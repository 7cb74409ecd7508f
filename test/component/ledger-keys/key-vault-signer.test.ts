import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Signer } from '../../../src/audit/ledger-ports.ts';
import { formatNote, readVerifierKey, verifierKeyText, verifyNote } from '../../../src/ledger/signed-note.ts';
import { type KeyVaultSignerOptions, keyVaultSigner } from '../../../src/storage/key-vault-signer.ts';
import { type StandInVault, startKeyVault, type VaultAnswer } from '../../builders/key-vault.ts';
import { credential } from '../../builders/registry-access.ts';

const origin = 'acr-audit/contoso.azurecr.io';
const text = `${origin}\n1\nZm9v\n`;

let vault: StandInVault;
let waits: number[];
beforeEach(async () => {
  vault = await startKeyVault();
  waits = [];
});
afterEach(() => vault.close());

function signer(more: Partial<KeyVaultSignerOptions> = {}): Signer {
  const pause = async (ms: number) => void waits.push(ms);
  return keyVaultSigner({
    keyId: vault.keyId,
    ca: vault.ca,
    credential: credential('a token of a vault'),
    pause,
    ...more,
  });
}

async function faultOf(signing: Promise<unknown>): Promise<AuditFault> {
  const fault = await signing.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof AuditFault)) throw new Error(`no fault: ${String(fault)}`);
  return fault;
}

describe('when a vault signs a note', () => {
  it('the note is verified by the key as text, each of many times', async () => {
    const one = signer();
    const keys = (await one.keys(origin)).flatMap((key) => readVerifierKey(verifierKeyText(key)) ?? []);
    expect(keys).toHaveLength(1);
    // About every second number begins with a bit that DER has to set apart, and some with a zero byte.
    for (let count = 0; count < 32; count += 1) {
      const said = `${text}${count}\n`;
      const note = formatNote(said, await one.sign(origin, said));
      expect(verifyNote(note, keys)).toMatchObject({ ok: true, text: said });
      expect(verifyNote(note.replace('Zm9v', 'Zm8v'), keys)).toMatchObject({ reason: 'wrong-signature' });
    }
  });

  it('it is asked for the key once, with a token, and given the hash alone', async () => {
    const one = signer();
    await one.sign(origin, text);
    await one.sign(origin, text);
    const { pathname } = new URL(vault.keyId);
    expect(vault.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      `GET ${pathname}?api-version=7.4`,
      `POST ${pathname}/sign?api-version=7.4`,
      `POST ${pathname}/sign?api-version=7.4`,
    ]);
    for (const { authorization, body } of vault.requests) {
      expect(authorization).toBe('Bearer a token of a vault');
      expect(body).not.toContain('contoso');
    }
  });

  it('and the key is kept in hardware, it is the same', async () => {
    vault.shown['kty'] = 'EC-HSM';
    expect(await signer().sign(origin, text)).toHaveLength(1);
  });

  it('the token is asked for the audience of its cloud', async () => {
    const asked: unknown[] = [];
    const noted = {
      getToken: (scopes: unknown) => {
        asked.push(scopes);
        return Promise.reject(new Error('no'));
      },
    };
    const key = 'https://contoso.vault.usgovcloudapi.net/keys/ledger/0123456789abcdef0123456789abcdef';
    const fault = await faultOf(signer({ keyId: key, credential: noted }).keys(origin));
    expect(fault).toMatchObject({ code: 'key-vault-credential', retryable: true });
    expect(asked.flat()).toEqual(['https://vault.usgovcloudapi.net/.default']);
  });
});

const passing: readonly (readonly [string, VaultAnswer])[] = [
  ['is busy', { status: 429, body: { error: { code: 'Throttled' } } }],
  ['fails', { status: 500 }],
  ['is away', { status: 503, body: '<html>' }],
  ['breaks off', 'broken off'],
];

const lasting: readonly (readonly [string, VaultAnswer, string])[] = [
  ['has no such key', { status: 404, body: { error: { code: 'KeyNotFound' } } }, 'key-vault-404'],
  ['lets it not sign', { status: 403, body: { error: { code: 'Forbidden' } } }, 'key-vault-403'],
  ['refuses the request', { status: 400, body: { error: { code: 'BadParameter' } } }, 'key-vault-400'],
  ['redirects', { status: 307, headers: { location: 'https://localhost:1/' } }, 'key-vault-307'],
  ['answers by no JSON', { body: '<html>' }, 'key-vault-unreadable'],
  ['answers without end', { body: ' '.repeat(300_000) }, 'key-vault-unreadable'],
];

describe.each(['the key is asked for', 'a text is signed'])('when %s', (doing) => {
  const begun = async (instead: readonly VaultAnswer[], more: Partial<KeyVaultSignerOptions> = {}) => {
    const one = signer(more);
    if (doing === 'a text is signed') await one.keys(origin);
    vault.instead.push(...instead);
    return one.sign(origin, text);
  };

  it.each(passing)('and the vault %s, it is asked again, with longer waits', async (_, answer) => {
    expect(await begun([answer, answer, answer])).toHaveLength(1);
    expect(waits).toEqual([500, 1_000, 2_000]);
  });

  it.each(passing)('and the vault %s for long, the fault may pass', async (_, answer) => {
    const fault = await faultOf(begun([answer, answer, answer, answer]));
    expect(fault).toMatchObject({ retryable: true, code: expect.stringMatching(/^key-vault-/) });
  });

  it('and the vault says how long to wait, that is waited', async () => {
    await begun([{ status: 429, headers: { 'retry-after': '7' } }]);
    expect(waits).toEqual([7_000]);
  });

  it('and that would be long, it is left to a later run', async () => {
    const fault = await faultOf(begun([{ status: 429, headers: { 'retry-after': '60' } }]));
    expect(fault).toMatchObject({ code: 'key-vault-429', retryable: true });
    expect(waits).toEqual([]);
  });

  it('and the vault is silent, the wait has an end', async () => {
    const fault = await faultOf(begun(['silence'], { timeoutMs: 400, attempts: 1 }));
    expect(fault).toMatchObject({ code: 'key-vault-silent', retryable: true });
  });

  it.each(lasting)('and the vault %s, it is told at once', async (_, answer, code) => {
    const fault = await faultOf(begun([answer]));
    expect(fault).toMatchObject({ code, retryable: false });
    expect(waits).toEqual([]);
    expect(fault.message).not.toContain('a token of a vault');
  });
});

describe('when a vault shows a key that won’t do, it is not used', () => {
  it.each([
    ['is of RSA', { kty: 'RSA' }, {}],
    ['is of another curve', { crv: 'P-256K' }, {}],
    ['is another version', { kid: 'https://localhost/keys/ledger/4567456789abcdef0123456789abcdef' }, {}],
    ['may only verify', { key_ops: ['verify'] }, {}],
    ['is no point of the curve', { y: Buffer.alloc(32, 1).toString('base64url') }, {}],
    ['may be exported', {}, { exportable: true }],
    ['is disabled', {}, { enabled: false }],
  ])('one that %s', async (_, shown, attributes) => {
    Object.assign(vault.shown, shown);
    Object.assign(vault.attributes, attributes);
    const fault = await faultOf(signer().sign(origin, text));
    expect(fault).toMatchObject({ code: 'key-vault-key', retryable: false });
  });
});

describe('when a vault answers by what is no signature of the text, it is not used', () => {
  it.each([
    ['another signature', (given: Buffer) => Buffer.concat([given.subarray(32), given.subarray(0, 32)])],
    ['zeros', () => Buffer.alloc(64)],
    ['one that is cut', (given: Buffer) => given.subarray(1)],
    ['nothing', () => Buffer.alloc(0)],
  ])('%s', async (_, change) => {
    vault.signature = change;
    expect(await faultOf(signer().sign(origin, text))).toMatchObject({ code: 'key-vault-unreadable' });
  });
});

it.each([
  'https://contoso.vault.azure.net/keys/ledger',
  'https://contoso.vault.azure.net/keys/ledger/latest',
  'https://contoso.vault.azure.net/secrets/ledger/0123456789abcdef0123456789abcdef',
  'https://contoso.vault.azure.net/keys/ledger/0123456789abcdef0123456789abcdef?x',
  'http://contoso.vault.azure.net/keys/ledger/0123456789abcdef0123456789abcdef',
  'ledger',
])('when a key is named %s, it is refused: no version is pinned', (keyId) => {
  expect(() => signer({ keyId })).toThrow(TypeError);
});
