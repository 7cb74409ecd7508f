import { describe, expect, it } from '@jest/globals';
import {
  acceptedNamed,
  acceptedRegistry,
  historyRegistry,
  loginServersOf,
} from '../../../src/registry/accepted-registry.ts';
import { digestOf } from '../../builders/registry-event.ts';

const resourceId =
  '/subscriptions/00000000-0000-0000-0000-00000000000a/resourcegroups/prod/providers/microsoft.containerregistry/registries/contoso';
const contoso = { loginServer: 'contoso.azurecr.io', resourceId };
const labelled = { loginServer: 'fabrikam-a1b2.azurecr.io' };
const registries = [contoso, labelled];

describe('the registry that an event comes from', () => {
  it('is the one of its topic, where the resource id is known', () => {
    expect(acceptedRegistry({ resourceId, registryName: 'contoso' }, registries)).toBe(contoso);
    // A registry of the same name that was made anew elsewhere is another one.
    const elsewhere = resourceId.replace('prod', 'test');
    expect(acceptedRegistry({ resourceId: elsewhere, registryName: 'contoso' }, registries)).toBeUndefined();
  });

  it('is the one of its name where it is not, with or without a label in its login server', () => {
    const of = (registryName: string) => acceptedRegistry({ resourceId: '/x', registryName }, registries);
    expect(of('fabrikam')).toBe(labelled);
    for (const other of ['fabrika', 'fabrikama1b2', 'a1b2', 'contoso', '']) expect(of(other)).toBeUndefined();
  });

  it('is none where none is accepted', () => {
    expect(acceptedRegistry({ resourceId, registryName: 'contoso' }, [])).toBeUndefined();
  });
});

describe('the name of a registry in history', () => {
  const event = {
    ...{ id: 'event-1', action: 'push' as const, occurredAt: 0, resourceId, registryName: 'contoso' },
    ...{ repository: 'team/app', digest: digestOf('one'), client: {}, notes: [] },
  };
  const named = (connectedRegistry?: string) =>
    historyRegistry({ ...event, ...(connectedRegistry === undefined ? {} : { connectedRegistry }) }, contoso);

  it('is its login server', () => {
    expect(named()).toBe('contoso.azurecr.io');
  });

  it('is a label below it for one that is connected to it, in lower case', () => {
    expect(named('Plant-7')).toBe('plant-7.contoso.azurecr.io');
    expect(named('a')).toBe('a.contoso.azurecr.io');
    expect(named('a'.repeat(63))).toBe(`${'a'.repeat(63)}.contoso.azurecr.io`);
  });

  it.each(['', '-a', 'a-', 'a.b', 'a b', 'a'.repeat(64), 'ä', 'a\n'])(
    'is none where that can be no label: %j',
    (name) => {
      expect(named(name)).toBeUndefined();
    },
  );
});

describe('the registry that an address means', () => {
  it.each([
    ['contoso.azurecr.io', 'contoso.azurecr.io'],
    ['CONTOSO.azurecr.io:443', 'contoso.azurecr.io'],
    ['contoso.westeurope.geo.azurecr.io', 'contoso.azurecr.io'],
    ['contoso', undefined],
    ['northwind.azurecr.io', undefined],
  ])('%s is %s', (address, loginServer) => {
    expect(acceptedNamed(address, registries)).toBe(loginServer);
  });

  it('is the only one there is where none is given, and none of several', () => {
    expect(acceptedNamed(undefined, [contoso])).toBe('contoso.azurecr.io');
    expect(acceptedNamed(undefined, registries)).toBeUndefined();
    expect(acceptedNamed(undefined, [])).toBeUndefined();
  });

  it('is told from a list of them all', () => {
    expect(loginServersOf(registries)).toBe('contoso.azurecr.io, fabrikam-a1b2.azurecr.io');
  });
});
