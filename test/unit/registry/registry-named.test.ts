import { describe, expect, it } from '@jest/globals';
import { registryNamed } from '../../../src/registry/reference.ts';

describe('the registry that a domain names', () => {
  it.each([
    ['Contoso.azurecr.io', 'contoso.azurecr.io'],
    ['contoso.azurecr.io:443', 'contoso.azurecr.io'],
    ['contoso.azurecr.io:4431', 'contoso.azurecr.io:4431'],
    ['contoso.azurecr.io:443:443', 'contoso.azurecr.io:443'],
    ['localhost:5000', 'localhost:5000'],
    ['contoso-1.westeurope-2.geo.azurecr.io', 'contoso-1.azurecr.io'],
    ['contoso.westeurope.geo.azurecr.us:443', 'contoso.azurecr.us'],
    ['a.contoso.westeurope.geo.azurecr.io', 'a.contoso.westeurope.geo.azurecr.io'],
    ['contoso.westeurope.geo.azurecr.io.example', 'contoso.westeurope.geo.azurecr.io.example'],
    ['contoso.west_europe.geo.azurecr.io', 'contoso.west_europe.geo.azurecr.io'],
    ['con_toso.westeurope.geo.azurecr.io', 'con_toso.westeurope.geo.azurecr.io'],
  ])('%s is %s', (domain, registry) => {
    expect(registryNamed(domain)).toBe(registry);
  });
});
