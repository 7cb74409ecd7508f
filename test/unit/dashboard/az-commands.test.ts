import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestCommands, quoted, tagCommands } from '../../../src/dashboard/az-commands.ts';
import { digestOf } from '../../builders/registry-event.ts';

const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

describe('when the commands that confirm something are told', () => {
  it('those of a digest name the registry, the digest and its tags', () => {
    const digest = digestOf('one');
    const texts = digestCommands({ ...repository, digest }, ['1.4.2']).map(({ text }) => text);
    expect(texts).toContain(`az acr manifest show-metadata contoso.azurecr.io/team/app@${digest}`);
    expect(texts).toContain('az acr repository show --name contoso --image team/app:1.4.2');
    expect(texts.every((text) => text.startsWith('az acr '))).toBe(true);
  });

  it('those of a tag name it', () => {
    const texts = tagCommands({ ...repository, tag: 'prod' }).map(({ text }) => text);
    expect(texts).toContain('az acr manifest show-metadata contoso.azurecr.io/team/app:prod');
  });

  it('whatever a name is, a shell takes it as one argument, to the letter', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', "'", '"', '$', '`', ' ', '\\', ';', '\n', '!', '*', '~'),
    });
    const names = fc.sample(name, { numRuns: 200, seed: 7 }).filter((text) => text !== '');
    const script = names.map((text) => `printf '%s\\0' ${quoted(text)}`).join('\n');
    expect(execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1)).toEqual(names);
  });
});
