import { describe, expect, it } from '@jest/globals';
import { formatOf } from '../../../src/inventory/submitted-format.ts';

describe('formatOf', () => {
  it.each([
    ['application/json', undefined, 'references'],
    ['text/plain', undefined, 'references'],
    ['application/yaml', undefined, 'yaml'],
    ['text/yaml', undefined, 'yaml'],
    ['application/x-yaml', undefined, 'yaml'],
    ['Application/JSON; Charset=UTF-8', undefined, 'references'],
    ['application/json;charset="utf-8"', undefined, 'references'],
    ['text/plain; format=flowed', undefined, 'references'],
    ['application/json', 'kubernetes', 'kubernetes'],
    ['application/json', 'yaml', 'yaml'],
    ['application/yaml', 'compose', 'compose'],
    ['text/plain', 'helm', 'helm'],
    ['application/vnd.acr-audit.references+json', undefined, 'references'],
    ['application/vnd.acr-audit.kubernetes+yaml', undefined, 'kubernetes'],
    ['application/vnd.acr-audit.compose+yaml', 'compose', 'compose'],
    ['application/vnd.acr-audit.kustomize+json', undefined, 'kustomize'],
    ['application/vnd.acr-audit.helm+yaml; charset=utf-8', undefined, 'helm'],
  ])('when the type is %s and %s is asked for, is %s', (type, asked, format) => {
    expect(formatOf(type, asked)).toBe(format);
  });

  it.each([
    ['', undefined],
    ['image/png', undefined],
    ['image/png', 'compose'],
    ['application/x-www-form-urlencoded', 'references'],
    ['application/json; charset=utf-16', undefined],
    ['application/json', 'Compose'],
    ['application/json', ''],
    ['application/json', 'constructor'],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['application/vnd.acr-audit.compose+yaml', 'helm'],
    ['application/vnd.acr-audit.yaml+yaml', undefined],
    ['application/vnd.acr-audit.compose', undefined],
  ])('when the type is %s and %s is asked for, is none', (type, asked) => {
    expect(formatOf(type, asked)).toBeUndefined();
  });
});
