import { type Access, covers, permits, scopeText } from './access.ts';
import type { Identities } from './identities.ts';
import { RegistryProblem } from './problem.ts';
import type { Tokens } from './tokens.ts';

/** What the caller may do, as far as the request's credentials prove. */
export type Authority = (needed: Access) => boolean;

export type Caller =
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid-token' }
  | { readonly kind: 'known'; readonly may: Authority };

/** Reads Basic credentials (RFC 7617). */
export function readBasic(
  header: string | undefined,
): { readonly username: string; readonly password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=_-]{1,16384})$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) {
    return undefined;
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Finds out who calls: a bearer access token, or a user name and password on any request. */
export async function identifyCaller(
  header: string | undefined,
  { identities, tokens }: { readonly identities: Identities; readonly tokens: Tokens },
): Promise<Caller> {
  const [, bearer] = /^Bearer (\S{1,65536})$/i.exec(header ?? '') ?? [];
  if (bearer !== undefined) {
    const claims = await tokens.read(bearer);
    if (claims?.kind !== 'access_token') {
      return { kind: 'invalid-token' };
    }
    return { kind: 'known', may: (needed) => covers(claims.access, needed) };
  }
  const basic = readBasic(header);
  const identity =
    basic === undefined ? undefined : await identities.byPassword(basic.username, basic.password);
  return identity === undefined
    ? { kind: 'none' }
    : { kind: 'known', may: (needed) => permits(identity.permissions, needed) };
}

/**
 * The 401 answer. Its challenge (RFC 6750) has no space after a comma: the Azure CLI splits it on both. The
 * body is the one the service was recorded with.
 */
export function unauthorized(
  loginServer: string,
  needed: Access | undefined,
  error?: 'insufficient_scope' | 'invalid_token',
): RegistryProblem {
  const challenge = [
    `realm="https://${loginServer}/oauth2/token"`,
    `service="${loginServer}"`,
    ...(needed === undefined ? [] : [`scope="${scopeText(needed)}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ].join(',');
  return new RegistryProblem(
    401,
    'UNAUTHORIZED',
    'authentication required, visit https://aka.ms/acr/authorization for more information.',
    {
      detail:
        needed?.actions.map((action) => ({
          Type: needed.type,
          Name: needed.name,
          Action: action,
        })) ?? null,
      headers: { 'WWW-Authenticate': `Bearer ${challenge}` },
    },
  );
}

/** Lets the request pass when any of the alternatives is allowed. The first is what the challenge asks for. */
export function authorize(
  loginServer: string,
  caller: Caller,
  alternatives: readonly Access[],
): { readonly may: Authority } {
  const [needed] = alternatives;
  switch (caller.kind) {
    case 'none':
      throw unauthorized(loginServer, needed);
    case 'invalid-token':
      throw unauthorized(loginServer, needed, 'invalid_token');
    case 'known':
      if (needed !== undefined && !alternatives.some((access) => caller.may(access))) {
        throw unauthorized(loginServer, needed, 'insufficient_scope');
      }
      return caller;
  }
}
