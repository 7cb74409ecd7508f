import { describe, expect, it } from '@jest/globals';
import { serviceAddress } from '../../../src/cli/address.ts';

describe('when an address of the service is read', () => {
  it.each([
    ['http://127.0.0.1:7071', undefined, 'http://127.0.0.1:7071/api/v1/'],
    ['http://localhost:7071/', undefined, 'http://localhost:7071/api/v1/'],
    ['http://[::1]:7071/api/v1/', undefined, 'http://[::1]:7071/api/v1/'],
    ['http://acr.localhost', undefined, 'http://acr.localhost/api/v1/'],
    ['http://127.0.0.1:7071', 'api://x/.default', 'http://127.0.0.1:7071/api/v1/'],
    ['https://audit.contoso.com/acr', 'api://x/.default', 'https://audit.contoso.com/acr/api/v1/'],
  ])('%s with the scope %s is %s', (api, scope, base) => {
    const address = serviceAddress(api, scope);
    expect([address.base.href, address.scope]).toEqual([base, scope]);
  });

  it.each([
    ['contoso.com', undefined, 'is no address'],
    ['ftp://contoso.com', undefined, 'is no address'],
    ['https://me:secret@contoso.com', undefined, 'is no address'],
    ['http://audit.contoso.com', 'api://x/.default', 'is not encrypted'],
    ['http://127.0.0.1.contoso.com', 'api://x/.default', 'is not encrypted'],
    ['http://localhost.contoso.com', undefined, 'is not encrypted'],
    ['https://audit.contoso.com', undefined, 'say what to sign in to'],
  ])('%s with the scope %s is refused as usage: %s', (api, scope, problem) => {
    expect(() => serviceAddress(api, scope)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(problem), exitCode: 2 }),
    );
  });
});
