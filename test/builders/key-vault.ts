import { createECDH, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { loadServerCertificate } from '../../local/acr/tls.ts';

/** A request that a vault got. */
export interface VaultRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authorization: string;
  readonly body: string;
}

/** What a vault answers instead of what it should: content, a broken connection, or nothing at all. */
export type VaultAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Text as it is, anything else as JSON. */
      readonly body?: unknown;
    }
  | 'broken off'
  | 'silence';

/** A Key Vault on this machine, with a P-256 key and a secret, that refuses what the real one would refuse. */
export interface StandInVault {
  readonly ca: string;
  readonly keyId: string;
  readonly secretId: string;
  readonly requests: readonly VaultRequest[];
  /** Changes what is shown of the key. */
  readonly shown: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
  secret: unknown;
  /** Answers that come before those of its own, one for each request. */
  readonly instead: VaultAnswer[];
  /** Signs what it is given, unless told. */
  signature: (signature: Buffer) => Buffer;
  close(): Promise<void>;
}

const signing = z.strictObject({ alg: z.literal('ES256'), value: z.string() });

const keyVersion = '0123456789abcdef0123456789abcdef';

/** https://learn.microsoft.com/rest/api/keyvault: shapes, codes and forms of refusals. */
export async function startKeyVault(): Promise<StandInVault> {
  const directory = await mkdtemp(join(tmpdir(), 'key-vault-'));
  const { ca, certificate, key } = await loadServerCertificate(directory);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const requests: VaultRequest[] = [];

  const server = createServer({ cert: certificate, key }, async (incoming, outgoing) => {
    const { method = '', url: target = '', headers } = incoming;
    const request = {
      method,
      target,
      authorization: headers.authorization ?? '',
      body: await text(incoming).catch(() => ''),
    };
    requests.push(request);
    send(outgoing, vault.instead.shift() ?? answerTo(request));
  });

  function answerTo({ method, target, authorization, body }: VaultRequest): VaultAnswer {
    const url = new URL(target, vault.keyId);
    if (!authorization.startsWith('Bearer ')) return refused(401, 'Unauthorized');
    if (url.searchParams.get('api-version') !== '7.4') return refused(400, 'BadParameter');
    switch (`${method} ${url.pathname}`) {
      case `GET /keys/ledger/${keyVersion}`:
        return { body: { key: vault.shown, attributes: vault.attributes } };
      case `POST /keys/ledger/${keyVersion}/sign`:
        return signed(body);
      case `GET /secrets/privacy/${keyVersion}`:
        return { body: { value: vault.secret, id: vault.secretId, attributes: { enabled: true } } };
      default:
        return refused(404, url.pathname.startsWith('/keys/') ? 'KeyNotFound' : 'SecretNotFound');
    }
  }

  function signed(body: string): VaultAnswer {
    const asked = signing.safeParse(JSON.parse(body));
    const digest = Buffer.from(asked.data?.value ?? '', 'base64url');
    if (digest.length !== 32 || digest.toString('base64url') !== asked.data?.value) {
      return refused(400, 'BadParameter');
    }
    return {
      body: {
        kid: vault.shown['kid'],
        value: vault.signature(signDigest(digest, privateKey)).toString('base64url'),
      },
    };
  }

  const vault: Mutable = {
    ca,
    keyId: '',
    secretId: '',
    requests,
    shown: { kty: 'EC', crv: 'P-256', key_ops: ['sign', 'verify'], x, y },
    attributes: {
      enabled: true,
      created: 1_767_225_600,
      updated: 1_767_225_600,
      recoveryLevel: 'Recoverable',
    },
    secret: undefined,
    instead: [],
    signature: (signature) => signature,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  vault.keyId = `https://localhost:${address.port}/keys/ledger/${keyVersion}`;
  vault.secretId = `https://localhost:${address.port}/secrets/privacy/${keyVersion}`;
  vault.shown['kid'] = vault.keyId;
  return vault;
}

type Mutable = { -readonly [Name in keyof StandInVault]: StandInVault[Name] };

function refused(status: number, code: string): VaultAnswer {
  return { status, body: { error: { code, message: 'No.' } } };
}

function send(outgoing: ServerResponse, answer: VaultAnswer): void {
  if (answer === 'silence') return;
  if (answer === 'broken off') {
    outgoing.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
    outgoing.write('{', () => outgoing.destroy());
    return;
  }
  const { status = 200, headers = {}, body = {} } = answer;
  outgoing.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The order of P-256: https://csrc.nist.gov/pubs/sp/800/186/final, section 3.2.1.3. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ECDSA of a hash (https://csrc.nist.gov/pubs/fips/186-5/final, section 6.4.1), which a vault is given where Node's own
 * takes a text. The two numbers one after the other.
 */
function signDigest(digest: Buffer, privateKey: KeyObject): Buffer {
  const secret = numberOf(Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url'));
  const once = createECDH('prime256v1');
  const point = once.generateKeys();
  const r = numberOf(point.subarray(1, 33)) % order;
  const s = (inverse(numberOf(once.getPrivateKey())) * (numberOf(digest) + r * secret)) % order;
  return Buffer.from([r, s].map((number) => number.toString(16).padStart(64, '0')).join(''), 'hex');
}

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** By Fermat: the order is a prime. */
function inverse(number: bigint): bigint {
  let [result, base] = [1n, number % order];
  for (let rest = order - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}
