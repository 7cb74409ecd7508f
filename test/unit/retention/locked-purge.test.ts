import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lockedPurgeLine } from '../../../src/retention/locked-purge.ts';

describe('when a task purges what is locked', () => {
  it.each([
    ['- cmd: acr purge --filter "app:.*" --ago 1d --include-locked'],
    ['- cmd: acr purge --include-locked=true --ago 1d'],
    ['- cmd: mcr.microsoft.com/acr/acr-cli:0.17 purge --include-locked'],
    ["- cmd: bash -c 'acr purge --ago 1d --include-locked'"],
    ['- cmd: acr purge --include-locked={{.Values.locked}}'],
    ['- cmd: |\n    acr purge\n    --ago 1d\n    --include-locked'],
    ['- cmd: acr purge {{.Values.flags}}\n"flags": --include-locked'],
    ['- cmd: acr purge --include-locked=false\n- cmd: acr purge --include-locked'],
    ['- cmd: |\n    acr purge --ago 1d \\\n--include-locked'],
    ['- cmd: acr purge --include-locked # each week'],
    ['- cmd: acr purge --include-locked=10'],
    ['- cmd: acr purge --include-locked=fals'],
  ])('%s says so', (commands) => {
    expect(lockedPurgeLine(commands)).toContain('--include-locked');
  });

  it('the line that says so is told, bounded and safe to show', () => {
    expect(lockedPurgeLine('steps:\n  - cmd: acr purge --include-locked\n')).toBe(
      '- cmd: acr purge --include-locked',
    );
    const line = lockedPurgeLine(`acr purge --include-locked \u202E${'x'.repeat(5_000)}`);
    expect(line).toHaveLength(300);
    expect(line).not.toContain('\u202E');
    const late = lockedPurgeLine(`acr purge ${'x '.repeat(5_000)}--include-locked`);
    expect(late).toContain('--include-locked');
    expect(late?.length).toBeLessThanOrEqual(300);
  });
});

describe('when a task does not purge what is locked', () => {
  it.each([
    [''],
    ['- cmd: acr purge --filter "app:.*" --ago 1d --untagged'],
    ['- cmd: acr purge --include-locked=false'],
    ['- cmd: acr purge --include-locked="0"'],
    ['# never --include-locked\n- cmd: acr purge --ago 1d'],
    ['steps:\n  # never --include-locked\n  - cmd: acr purge --ago 1d'],
    ['- cmd: acr purge --include-locked-notes'],
    ['- cmd: rides list --include-locked'],
    ['- cmd: purger --include-locked'],
    ['- build: -t contoso.azurecr.io/app:{{.Run.ID}} .'],
  ])('nothing is told of %j', (commands) => {
    expect(lockedPurgeLine(commands)).toBeUndefined();
  });
});

describe('when a task has any text', () => {
  it('it is told only with the flag, and never at length', () => {
    const part = fc.constantFrom(
      'acr',
      ' ',
      'purge',
      '--include-locked',
      '=',
      'false',
      '\n',
      '#',
      'x',
      '\u0000',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const line = lockedPurgeLine(text);
        if (line === undefined) return;
        expect(line).toContain('--include-locked');
        expect(line.length).toBeLessThanOrEqual(300);
        expect(line).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
