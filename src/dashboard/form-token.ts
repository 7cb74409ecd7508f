import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AuthMode, Headers } from '../api/principal.ts';

/**
 * What keeps pages of other sites from posting our forms: a secret in a cookie that only this host can set, and in each form a
 * token made of it and of who is signed in. Nothing is kept on our side, so any instance can check it.
 * Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export interface FormGuard {
  /** The token for forms of a principal. */
  token(principalId: string): string;
  /** The cookie to set, when the browser has none yet. */
  readonly newCookie?: { readonly name: string; readonly value: string; readonly secure: boolean };
}

/** Of a name that browsers take from no other host, and not over plain http: that is for one machine. */
function cookieName(mode: AuthMode): string {
  return mode === 'development' ? 'acr-audit-forms' : '__Host-acr-audit-forms';
}

/** The guard of a request's forms, by its cookie or with a new one. */
export function formGuard(headers: Headers, mode: AuthMode): FormGuard {
  const name = cookieName(mode);
  const known = secretIn(headers, name);
  const secret = known ?? randomBytes(32).toString('base64url');
  const token = (principalId: string) => tokenOf(secret, principalId);
  return known === undefined
    ? { token, newCookie: { name, value: secret, secure: mode !== 'development' } }
    : { token };
}

/** Why a form was not posted by one of our own pages; `undefined` when it was. */
export function forgery(
  request: { readonly headers: Headers; readonly url: string },
  mode: AuthMode,
  principalId: string,
  token: string | undefined,
): string | undefined {
  if (!isFromHere(request)) return 'It was not sent from a page of this dashboard.';
  const secret = secretIn(request.headers, cookieName(mode));
  if (secret === undefined)
    return 'The browser did not send the cookie of this dashboard: allow it, and load the page again.';
  const expected = Buffer.from(tokenOf(secret, principalId));
  const given = Buffer.from(token ?? '');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
  return 'The form was made for another sign-in: load the page again.';
}

/** Browsers say where a request comes from: https://www.w3.org/TR/fetch-metadata/. Older ones only name the origin. */
function isFromHere({ headers, url }: { readonly headers: Headers; readonly url: string }): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin';
  const origin = headers.get('origin');
  return origin !== null && URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}

function tokenOf(secret: string, principalId: string): string {
  return createHmac('sha256', secret).update(`acr-audit form\n${principalId}`).digest('base64url');
}

function secretIn(headers: Headers, name: string): string | undefined {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const found = pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  // Two of one name: somebody else may have set one.
  const [value] = found;
  return found.length === 1 && value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
}
