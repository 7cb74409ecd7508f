import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuthMode, principalOf, roles } from '../../../src/api/principal.ts';

interface Claim {
  readonly typ: unknown;
  readonly val: unknown;
}

const user: readonly Claim[] = [
  { typ: 'http://schemas.microsoft.com/identity/claims/objectidentifier', val: 'a1-user' },
  { typ: 'preferred_username', val: 'release@contoso.example' },
  { typ: 'name', val: 'Release engineer' },
  { typ: 'roles', val: 'Audit.Read' },
  { typ: 'roles', val: 'Release.Approve' },
];

function encoded(principal: unknown): string {
  return Buffer.from(JSON.stringify(principal), 'utf8').toString('base64');
}

function ask(mode: AuthMode, headers: Record<string, string>) {
  const principal = principalOf(new Headers(headers), mode);
  return principal && { ...principal, roles: [...principal.roles] };
}

function ofClaims(claims: readonly Claim[], others: object = {}) {
  return ask('platform', { 'x-ms-client-principal': encoded({ auth_typ: 'aad', claims, ...others }) });
}

describe('when the platform signs callers in', () => {
  it('and a user calls, the object id, the sign-in name and the roles are theirs', () => {
    expect(ofClaims(user)).toEqual({
      id: 'a1-user',
      name: 'release@contoso.example',
      roles: ['Audit.Read', 'Release.Approve'],
    });
  });

  it('and claims have their short names, they mean the same', () => {
    const claims = [
      { typ: 'oid', val: 'a1-user' },
      { typ: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role', val: 'Audit.Read' },
    ];
    expect(ofClaims(claims)).toEqual({ id: 'a1-user', name: 'a1-user', roles: ['Audit.Read'] });
  });

  it('and a service principal calls, which has no name, it is named by its application', () => {
    const claims = [
      { typ: 'oid', val: 'b2-service' },
      { typ: 'azp', val: 'b2-application' },
      { typ: 'roles', val: 'Inventory.Submit' },
    ];
    expect(ofClaims(claims)).toEqual({
      id: 'b2-service',
      name: 'b2-application',
      roles: ['Inventory.Submit'],
    });
  });

  it('and the platform names another role claim, that one counts too', () => {
    const claims = [
      { typ: 'oid', val: 'a1' },
      { typ: 'https://contoso.example/roles', val: 'Audit.Read' },
    ];
    expect(ofClaims(claims, { role_typ: 'https://contoso.example/roles' })?.roles).toEqual(['Audit.Read']);
    expect(ofClaims(claims)?.roles).toEqual([]);
  });

  it('and roles are unknown, misspelt, or claims of another type, they give nothing', () => {
    const claims = [
      { typ: 'oid', val: 'a1' },
      { typ: 'roles', val: 'audit.read' },
      { typ: 'roles', val: 'Audit.Read,Release.Approve' },
      { typ: 'roles', val: ['Audit.Read'] },
      { typ: 'groups', val: 'Audit.Read' },
      { typ: 'scp', val: 'Audit.Read' },
    ];
    expect(ofClaims(claims)?.roles).toEqual([]);
  });

  it('and nothing says who it is, nobody is known, whatever the roles', () => {
    expect(ofClaims([{ typ: 'roles', val: 'Audit.Read' }])).toBeUndefined();
    expect(
      ofClaims([
        { typ: 'oid', val: '' },
        { typ: 'roles', val: 'Audit.Read' },
      ]),
    ).toBeUndefined();
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{"claims":').toString('base64')],
    ['a JSON null', encoded(null)],
    ['a JSON text', encoded('claims')],
    ['an array', encoded([user])],
    ['without claims', encoded({ auth_typ: 'aad' })],
    ['with claims of another type', encoded({ claims: { oid: 'a1' } })],
    ['with claims that are none', encoded({ claims: [null, 1, 'oid', ['oid', 'a1'], { typ: 'oid' }] })],
    ['with an id that is no text', encoded({ claims: [{ typ: 'oid', val: 1 }] })],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00]).toString('base64')],
  ])('and the header is %s, nobody is known', (_, header) => {
    expect(ask('platform', header === undefined ? {} : { 'x-ms-client-principal': header })).toBeUndefined();
  });

  it('and the caller sends x-dev-roles, it changes nothing', () => {
    expect(ask('platform', { 'x-dev-roles': 'Audit.Read' })).toBeUndefined();
  });

  it('and the header is arbitrary, reading it never throws and gives no role that it does not claim', () => {
    const claims = fc.array(fc.record({ typ: fc.jsonValue(), val: fc.jsonValue() }));
    const header = fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64')),
      claims.map((some) => encoded({ claims: some })),
    );
    fc.assert(
      fc.property(header, (value) => {
        expect(ask('platform', { 'x-ms-client-principal': value })?.roles ?? []).toEqual([]);
      }),
    );
  });
});

describe('when nobody signs callers in', () => {
  it('and a request carries a principal of its own making, nobody is known', () => {
    const forged = encoded({ claims: [...user, ...roles.map((val) => ({ typ: 'roles', val }))] });
    const headers = { 'x-ms-client-principal': forged, 'x-dev-roles': 'Audit.Read' };
    expect(ask('closed', headers)).toBeUndefined();
  });
});

describe('when one machine develops', () => {
  it('and no roles are named, the principal has all', () => {
    expect(ask('development', {})).toEqual({
      id: 'development',
      name: 'Development principal',
      roles: [...roles],
    });
  });

  it.each([
    ['Audit.Read', ['Audit.Read']],
    [' Findings.Manage , Audit.Read ', ['Audit.Read', 'Findings.Manage']],
    ['none', []],
    ['', []],
  ])('and x-dev-roles is %j, the principal has %j', (header, expected) => {
    expect(ask('development', { 'x-dev-roles': header })?.roles).toEqual(expected);
  });

  it('and a principal is sent, it is not read', () => {
    const headers = { 'x-ms-client-principal': encoded({ claims: user }), 'x-dev-roles': 'none' };
    expect(ask('development', headers)).toEqual({
      id: 'development',
      name: 'Development principal',
      roles: [],
    });
  });
});

describe('when it is tried on one machine', () => {
  it('a header names another principal, so that what takes two can be tried', () => {
    expect(ask('development', {})?.id).toBe('development');
    expect(ask('development', { 'x-dev-principal': 'alice' })).toMatchObject({
      id: 'development-alice',
      name: 'alice',
    });
    expect(ask('development', { 'x-dev-principal': 'Not a name!' })?.id).toBe('development');
    expect(ask('closed', { 'x-dev-principal': 'alice' })).toBeUndefined();
    expect(ask('platform', { 'x-dev-principal': 'alice' })).toBeUndefined();
  });
});
