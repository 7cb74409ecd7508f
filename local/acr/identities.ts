import { createHash, timingSafeEqual } from 'node:crypto';
import type { Permissions } from './access.ts';
import type { Tokens } from './tokens.ts';

/** The user name that says "the password is a token", as `az acr login --expose-token` documents. */
const tokenUsername = '00000000-0000-0000-0000-000000000000';

/** The name tokens carry that were issued to nobody in particular. */
export const anonymousName = 'anonymous';

/** The name of a Microsoft Entra identity that no entry of the options describes. */
const entraName = 'entra';

export interface IdentityOptions extends Permissions {
  readonly password: string;
}

/** Who is calling. */
export interface Identity {
  readonly name: string;
  readonly permissions: Permissions;
}

/** Looks callers up. Each answer is `undefined` when the credentials aren't right. */
export interface Identities {
  byName(name: string): Identity | undefined;
  byPassword(username: string, password: string): Promise<Identity | undefined>;
  /**
   * Any access token is accepted: the stand-in can't check a Microsoft Entra signature. A token whose text is
   * the name of an identity of the options has that identity's permissions, any other has all.
   */
  byEntraToken(accessToken: string): Identity | undefined;
}

export interface IdentitySources {
  readonly administrator: { readonly username: string; readonly password: string };
  readonly identities: Readonly<Record<string, IdentityOptions>>;
  readonly anonymousPull: boolean;
  readonly tokens: Tokens;
}

function sameSecret(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

export function createIdentities(sources: IdentitySources): Identities {
  const everything: Permissions = { actions: ['*'] };
  const configured = new Map(Object.entries(sources.identities));

  function byName(name: string): Identity | undefined {
    if (name === anonymousName) {
      const actions = sources.anonymousPull ? ['pull', 'metadata_read', 'catalog'] : [];
      return { name, permissions: { actions } };
    }
    const permissions = configured.get(name);
    if (permissions !== undefined) {
      return { name, permissions };
    }
    const known = name === entraName || name === sources.administrator.username;
    return known ? { name, permissions: everything } : undefined;
  }

  return {
    byName,
    async byPassword(username, password) {
      if (username === tokenUsername) {
        const claims = await sources.tokens.read(password);
        return claims === undefined ? undefined : byName(claims.subject);
      }
      const secret =
        configured.get(username)?.password ??
        (username === sources.administrator.username ? sources.administrator.password : undefined);
      return secret !== undefined && sameSecret(secret, password) ? byName(username) : undefined;
    },
    byEntraToken(accessToken) {
      if (accessToken === '') {
        return undefined;
      }
      return byName(configured.has(accessToken) ? accessToken : entraName);
    },
  };
}
