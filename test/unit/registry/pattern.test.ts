import { describe, expect, it } from '@jest/globals';
import { maxPatternLength, readPattern } from '../../../src/registry/pattern.ts';

function matches(text: string, candidate: string): boolean {
  const reading = readPattern(text);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.pattern.matches(candidate);
}

describe('readPattern', () => {
  it.each([
    ['1\\.2-13', '1.2-13', true],
    ['1\\.2-13', '1.2-136', false],
    ['1\\.2-13', 'v1.2-13', false],
    ['v1', 'v1\n', false],
    ['(?m)v1$', 'v1\nv2', false],
    ['a|ab', 'ab', true],
    ['team/.*', 'team/app', true],
    ['team/.*', 'other/team/app', false],
    ['^v[0-9]+$', 'v12', true],
  ])('when %j is held against %j, answers for the whole text: %s', (text, candidate, expected) => {
    expect(matches(text, candidate)).toBe(expected);
  });

  it.each(['(', 'a{2000}', '(?=a)', '(?<!a)b', '(a)\\1', 'a{100}{100}', '[z-a]', '\\'])(
    'when the pattern is %j, refuses it and quotes it',
    (text) => {
      expect(readPattern(text)).toEqual({ ok: false, problem: expect.stringContaining('RE2') });
    },
  );

  it('when the pattern is as long as one may be, reads it', () => {
    const longest = 'a'.repeat(maxPatternLength);
    expect(matches(longest, longest)).toBe(true);
  });

  it.each(['', 'a'.repeat(maxPatternLength + 1)])('when the length is out of bounds, refuses it', (text) => {
    expect(readPattern(text)).toEqual({ ok: false, problem: expect.stringContaining('expected 1 to 256') });
  });

  it.each(['\u202e', 'v1\n', 'a\u0000b', '\ud800'])(
    'when the pattern is %j, refuses it: it has what does not show, or shows as something else',
    (text) => {
      expect(readPattern(text)).toEqual({ ok: false, problem: expect.stringContaining('do not show') });
    },
  );

  it('when the pattern would make a backtracking engine hang, still answers', () => {
    expect(matches('(a*)*b', 'a'.repeat(50_000))).toBe(false);
    expect(matches('(.*a){20}', 'a'.repeat(255))).toBe(true);
  });
});
