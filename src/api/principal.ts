/** App roles, as they are assigned in Entra ID. */
export const roles = [
  'Audit.Read',
  'Release.Approve',
  'Inventory.Submit',
  'Findings.Manage',
  'Retention.Plan',
  'Retention.Execute',
] as const;

/** What a caller may do. */
export type Role = (typeof roles)[number];

/** Who calls. */
export interface Principal {
  /** Stable id: the object id of a user or an application. */
  readonly id: string;
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

/**
 * How callers are known. `platform`: App Service Authentication in front sets `x-ms-client-principal`. `development`: one
 * named principal, for one machine. `closed`: nobody is known, every route but health is refused.
 */
export type AuthMode = 'platform' | 'development' | 'closed';

/** Request headers, by lower-case name. */
export interface Headers {
  get(name: string): string | null;
}

/** The caller of a request, or `undefined` when nobody is known. */
export function principalOf(headers: Headers, mode: AuthMode): Principal | undefined {
  switch (mode) {
    case 'closed':
      return undefined;
    case 'development':
      return developmentPrincipal(headers.get('x-dev-roles'), headers.get('x-dev-principal'));
    case 'platform':
      return platformPrincipal(headers.get('x-ms-client-principal'));
  }
}

/** What takes two principals can be tried on one machine: the header names another. */
function developmentPrincipal(narrowed: string | null, named: string | null): Principal {
  const name = named !== null && /^[a-z0-9-]{1,32}$/.test(named) ? named : undefined;
  const wanted = narrowed?.split(',').map((role) => role.trim());
  const granted = roles.filter((role) => wanted === undefined || wanted.includes(role));
  const who =
    name === undefined
      ? { id: 'development', name: 'Development principal' }
      : { id: `development-${name}`, name };
  return { ...who, roles: new Set(granted) };
}

// Names of the claims in tokens, raw and as the platform may map them:
// https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
const idClaims = [
  'http://schemas.microsoft.com/identity/claims/objectidentifier',
  'oid',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
  'sub',
];
const nameClaims = ['preferred_username', 'name', 'azp', 'appid'];
const roleClaims = ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'];

interface Claim {
  readonly typ: string;
  readonly val: string;
}

function platformPrincipal(header: string | null): Principal | undefined {
  const decoded = header === null ? undefined : decode(header);
  if (decoded === undefined) return undefined;
  const { claims, roleType } = decoded;
  const first = (types: readonly string[]) =>
    types.map((type) => claims.find(({ typ }) => typ === type)?.val).find((value) => value);
  const id = first(idClaims);
  if (id === undefined) return undefined;
  const types = new Set([...roleClaims, ...(roleType === undefined ? [] : [roleType])]);
  const held = new Set(claims.filter(({ typ }) => types.has(typ)).map(({ val }) => val));
  return { id, name: first(nameClaims) ?? id, roles: new Set(roles.filter((role) => held.has(role))) };
}

function decode(header: string): { claims: readonly Claim[]; roleType?: string } | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    if (typeof value !== 'object' || value === null || !('claims' in value)) return undefined;
    if (!Array.isArray(value.claims)) return undefined;
    const claims = value.claims.filter(isClaim);
    const roleType = 'role_typ' in value && typeof value.role_typ === 'string' ? value.role_typ : undefined;
    return { claims, ...(roleType === undefined ? {} : { roleType }) };
  } catch {
    return undefined;
  }
}

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null || !('typ' in value) || !('val' in value)) return false;
  return typeof value.typ === 'string' && typeof value.val === 'string';
}
