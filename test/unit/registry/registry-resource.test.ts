import { describe, expect, it } from '@jest/globals';
import { registryResourceForm } from '../../../src/registry/registry-resource.ts';

const read = (value: unknown) => registryResourceForm.read(value, () => undefined);
const resourceId =
  '/subscriptions/0/resourcegroups/prod/providers/microsoft.containerregistry/registries/contoso';

describe('a resource id', () => {
  it('of a registry names that alone, in lower case', () => {
    expect(read(resourceId.toUpperCase())).toStrictEqual({ resourceId, registryName: 'contoso' });
  });

  it('of a connected registry names both', () => {
    expect(read(`${resourceId}/connectedRegistries/Edge1`)).toStrictEqual({
      resourceId,
      registryName: 'contoso',
      connectedRegistry: 'edge1',
    });
  });

  it('is read up to 1,024 characters', () => {
    const longest = resourceId.padEnd(1_024, 'x');
    expect(read(longest)?.resourceId).toBe(longest);
    expect(read(`${longest}x`)).toBeUndefined();
  });

  it('that is none is refused with an example', () => {
    const [, example = ''] = /such as "(.*)"$/.exec(registryResourceForm.expected) ?? [];
    expect(read(example)).toMatchObject({ registryName: 'contoso' });
    expect(read(example.replace('registries', 'tasks'))).toBeUndefined();
    expect(read(7)).toBeUndefined();
  });
});
