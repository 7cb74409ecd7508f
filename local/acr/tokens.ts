import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { importPKCS8, importSPKI, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Access } from './access.ts';

const algorithm = 'ES256';
const issuer = 'Azure Container Registry';

const claims = z.object({
  sub: z.string(),
  grant_type: z.enum(['access_token', 'refresh_token']),
  access: z
    .array(
      z.object({ type: z.enum(['repository', 'registry']), name: z.string(), actions: z.array(z.string()) }),
    )
    .default([]),
});

/** What a valid token says. */
interface TokenClaims {
  /** The identity's name. */
  readonly subject: string;
  readonly kind: 'access_token' | 'refresh_token';
  readonly access: readonly Access[];
}

/** Issues and checks the registry's JSON Web Tokens (RFC 7519). */
export interface Tokens {
  access(subject: string, access: readonly Access[]): Promise<string>;
  refresh(subject: string): Promise<string>;
  /** The claims, or `undefined` when the token is malformed, expired or of another registry. */
  read(token: string): Promise<TokenClaims | undefined>;
}

/** A new signing key as PEM texts. */
export function newTokenKey(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

export interface TokenOptions {
  readonly key: { readonly privateKey: string; readonly publicKey: string };
  /** The audience: the registry's login server. */
  readonly service: string;
  readonly accessLifetimeSeconds: number;
  readonly refreshLifetimeSeconds: number;
}

/** Tokens live by the machine's real clock, as the clients that hold them do. */
export async function createTokens(options: TokenOptions): Promise<Tokens> {
  const privateKey = await importPKCS8(options.key.privateKey, algorithm);
  const publicKey = await importSPKI(options.key.publicKey, algorithm);

  function sign(subject: string, extra: Record<string, unknown>, lifetimeSeconds: number): Promise<string> {
    const issuedAt = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...extra, version: '1.0' })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setJti(randomUUID())
      .setSubject(subject)
      .setIssuer(issuer)
      .setAudience(options.service)
      .setIssuedAt(issuedAt)
      .setNotBefore(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(privateKey);
  }

  return {
    access: (subject, access) =>
      sign(subject, { grant_type: 'access_token', access, roles: [] }, options.accessLifetimeSeconds),
    refresh: (subject) =>
      sign(
        subject,
        { grant_type: 'refresh_token', permissions: { actions: ['*'] }, roles: [] },
        options.refreshLifetimeSeconds,
      ),
    async read(token) {
      const verified = await jwtVerify(token, publicKey, {
        algorithms: [algorithm],
        issuer,
        audience: options.service,
        requiredClaims: ['exp'],
      }).catch(() => undefined);
      const parsed = claims.safeParse(verified?.payload);
      return parsed.success
        ? { subject: parsed.data.sub, kind: parsed.data.grant_type, access: parsed.data.access }
        : undefined;
    },
  };
}
