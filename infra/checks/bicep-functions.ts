import type { Fact } from './type-facts.ts';

interface FunctionFacts {
  readonly fewest: number;
  readonly most: number;
  readonly result: Fact;
}

const known = (fewest: number, most: number, result: Fact): FunctionFacts => ({ fewest, most, result });

/**
 * Functions that the templates use, by name: how many arguments they take and what they give.
 * https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
 */
export const bicepFunctions: ReadonlyMap<string, FunctionFacts> = new Map([
  ['cidrSubnet', known(3, 3, 'string')],
  ['concat', known(1, 99, 'any')],
  ['contains', known(2, 2, 'bool')],
  ['empty', known(1, 1, 'bool')],
  [
    'environment',
    known(0, 0, {
      name: 'string',
      resourceManager: 'string',
      authentication: { loginEndpoint: 'string' },
      suffixes: { storage: 'string', keyvaultDns: 'string', acrLoginServer: 'string' },
    }),
  ],
  ['filter', known(2, 2, 'array')],
  ['guid', known(1, 99, 'string')],
  ['indexOf', known(2, 2, 'int')],
  ['join', known(2, 2, 'string')],
  ['loadTextContent', known(1, 2, 'string')],
  ['map', known(2, 2, 'array')],
  ['replace', known(3, 3, 'string')],
  ['resourceGroup', known(0, 2, { id: 'string', name: 'string', location: 'string' })],
  ['resourceId', known(2, 99, 'string')],
  ['split', known(2, 2, ['string'])],
  ['subscription', known(0, 1, { id: 'string', subscriptionId: 'string', tenantId: 'string' })],
  ['subscriptionResourceId', known(2, 99, 'string')],
  ['tenant', known(0, 0, { tenantId: 'string' })],
  ['toLower', known(1, 1, 'string')],
  ['toObject', known(2, 3, 'object')],
  ['toUpper', known(1, 1, 'string')],
  ['trim', known(1, 1, 'string')],
  ['union', known(2, 99, 'any')],
  ['uniqueString', known(1, 99, 'string')],
]);

/** Decorators of Bicep that the templates use. */
export const decorators: ReadonlySet<string> = new Set([
  'allowed',
  'batchSize',
  'description',
  'export',
  'maxLength',
  'maxValue',
  'minLength',
  'minValue',
]);
