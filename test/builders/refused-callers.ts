import { type Role, roles } from '../../src/api/principal.ts';

/** Headers of a request. */
export type SentHeaders = Readonly<Record<string, string>>;

const header = 'x-ms-client-principal';

function encoded(value: unknown): SentHeaders {
  return { [header]: Buffer.from(JSON.stringify(value)).toString('base64') };
}

/** A principal as App Service Authentication tells it: https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities. */
export function principalWith(held: readonly string[], id = 'a1'): SentHeaders {
  return encoded({ claims: [{ typ: 'oid', val: id }, ...held.map((val) => ({ typ: 'roles', val }))] });
}

const everyRole = roles.map((val) => ({ typ: 'roles', val }));
const own = { typ: 'oid', val: 'a1' };

/** Headers that name nobody, though most of them claim every role. */
export const namelessCallers: Readonly<Record<string, SentHeaders>> = {
  'no header': {},
  'an empty header': { [header]: '' },
  'no Base64': { [header]: '%%%' },
  'Base64 of no JSON': { [header]: Buffer.from('{"claims":[').toString('base64') },
  'JSON that is not encoded': { [header]: JSON.stringify({ claims: [own, ...everyRole] }) },
  'Base64 twice': {
    [header]: Buffer.from(Object.values(principalWith(roles)).join()).toString('base64'),
  },
  null: encoded(null),
  'a list': encoded([own, ...everyRole]),
  'a text': encoded('Audit.Read'),
  'no claims': encoded({ userId: 'a1', userRoles: roles }),
  'claims that are an object': encoded({ claims: { oid: 'a1', roles } }),
  'claims without an id': encoded({ claims: everyRole }),
  'an id that is empty': encoded({ claims: [{ typ: 'oid', val: '' }, ...everyRole] }),
  'an id that is a number': encoded({ claims: [{ typ: 'oid', val: 1 }, ...everyRole] }),
  'an id of another letter case': encoded({ claims: [{ typ: 'OID', val: 'a1' }, ...everyRole] }),
  'a token': { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJBdWRpdC5SZWFkIl19.' },
  'names of other headers': {
    'x-ms-client-principal-id': 'a1',
    'x-ms-client-principal-name': 'Audit.Read',
    'x-ms-token-aad-access-token': 'token',
    'x-forwarded-user': 'a1',
  },
  'the roles of one machine': { 'x-dev-roles': roles.join(','), 'x-dev-principal': 'alice' },
  'a key of the host': { 'x-functions-key': 'key' },
};

/** Headers of somebody who is known and has no role, though it looks like one. */
export const powerlessCallers: Readonly<Record<string, SentHeaders>> = {
  'no role': principalWith([]),
  'roles of another letter case': principalWith(roles.map((role) => role.toLowerCase())),
  'roles in one text': principalWith([roles.join(','), roles.join(' ')]),
  'roles with a space': principalWith(roles.map((role) => ` ${role} `)),
  'other roles': principalWith(['Admin', '*', 'Audit.*', 'Owner', '__proto__']),
  'groups and scopes of those names': encoded({
    claims: [own, ...roles.flatMap((val) => ['groups', 'scp', 'wids', 'name'].map((typ) => ({ typ, val })))],
  }),
  'a list as a role': encoded({ claims: [own, { typ: 'roles', val: [...roles] }] }),
  'the roles of one machine beside': { ...principalWith([]), 'x-dev-roles': roles.join(',') },
  'roles beside the claims': encoded({ claims: [own], userRoles: roles, roles }),
};

/** Roles, of which each set lacks something of what is needed. */
export function lackingSets(needed: readonly Role[]): readonly (readonly Role[])[] {
  const single = roles.filter((role) => needed.some((one) => one !== role)).map((role) => [role]);
  return [...single, ...needed.map((lacked) => roles.filter((role) => role !== lacked))];
}
