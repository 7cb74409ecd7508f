import { grantedAccess, parseScopes } from './access.ts';
import { readBasic, unauthorized } from './authorization.ts';
import { anonymousName, type Identities, type Identity } from './identities.ts';
import { type RegistryRequest, type Reply, readBody } from './message.ts';
import { badRequest } from './problem.ts';
import type { Route } from './routing.ts';
import type { Tokens } from './tokens.ts';

const maxFormBytes = 256 * 1024;

export interface TokenPorts {
  readonly identities: Identities;
  readonly tokens: Tokens;
  readonly loginServer: string;
}

/** A value that only looks random: calls left in this second, as the service was recorded to report it. */
const rateHeader = { 'x-ms-ratelimit-remaining-calls-per-second': '166.45' };

/**
 * The token endpoints of https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md, with the variants that real
 * clients send: a refresh token without `grant_type`, a form or a query, several `scope` parameters.
 */
export function tokenRoutes({ identities, tokens, loginServer }: TokenPorts): readonly Route[] {
  function known(identity: Identity | undefined): Identity {
    if (identity === undefined) {
      throw unauthorized(loginServer, undefined);
    }
    return identity;
  }

  /** Nobody in particular: only a registry with anonymous pull gives such a token. */
  function anonymous(): Identity {
    const identity = identities.byName(anonymousName);
    return known(identity?.permissions.actions.length === 0 ? undefined : identity);
  }

  async function accessToken(identity: Identity, scopes: readonly string[]): Promise<Reply> {
    const access = grantedAccess(parseScopes(scopes), identity.permissions);
    return {
      status: 200,
      headers: rateHeader,
      json: { access_token: await tokens.access(identity.name, access) },
    };
  }

  async function fromRefreshToken(refreshToken: string): Promise<Identity> {
    const claims = await tokens.read(refreshToken);
    return known(claims?.kind === 'refresh_token' ? identities.byName(claims.subject) : undefined);
  }

  async function readForm(request: RegistryRequest): Promise<URLSearchParams> {
    return new URLSearchParams((await readBody(request.body, maxFormBytes)).toString('utf8'));
  }

  async function getToken(request: RegistryRequest): Promise<Reply> {
    const header = request.headers.authorization;
    const basic = readBasic(header);
    const identity =
      basic === undefined
        ? header === undefined
          ? anonymous()
          : known(undefined)
        : known(await identities.byPassword(basic.username, basic.password));
    return accessToken(identity, request.query.getAll('scope'));
  }

  async function postToken(request: RegistryRequest): Promise<Reply> {
    const form = await readForm(request);
    const scopes = form.getAll('scope');
    const refreshToken = form.get('refresh_token') ?? '';
    switch (form.get('grant_type')) {
      case 'password': {
        const username = form.get('username') ?? '';
        const identity =
          username === ''
            ? anonymous()
            : known(await identities.byPassword(username, form.get('password') ?? ''));
        return accessToken(identity, scopes);
      }
      case null:
      case 'refresh_token':
        return accessToken(await fromRefreshToken(refreshToken), scopes);
      default:
        throw badRequest('UNSUPPORTED', 'grant_type must be password or refresh_token');
    }
  }

  async function exchange(request: RegistryRequest): Promise<Reply> {
    const form = await readForm(request);
    if (form.get('grant_type') !== 'access_token') {
      throw badRequest('UNSUPPORTED', 'grant_type must be access_token');
    }
    const identity = known(identities.byEntraToken(form.get('access_token') ?? ''));
    return {
      status: 200,
      headers: rateHeader,
      json: { refresh_token: await tokens.refresh(identity.name) },
    };
  }

  return [
    { method: 'GET', pattern: /^\/oauth2\/token$/, access: 'open', handle: getToken },
    { method: 'POST', pattern: /^\/oauth2\/token$/, access: 'open', handle: postToken },
    { method: 'POST', pattern: /^\/oauth2\/exchange$/, access: 'open', handle: exchange },
  ];
}
