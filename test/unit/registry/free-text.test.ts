import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cleanFreeText, quote } from '../../../src/registry/free-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

describe('cleanFreeText', () => {
  it('when the text is short and printable, keeps it, markup and emoji included', () => {
    const text = '<img src=x onerror=alert(1)> ünïcode 👩‍🚀 日本';
    expect(cleanFreeText(text, 100)).toEqual({ text, repairs: [] });
  });

  it.each([
    '\0',
    '\n',
    '\r',
    '\t',
    '\x1b',
    '\x7f',
    '\x85',
    '\u061C',
    '\u200E',
    '\u200F',
    '\u2028',
    '\u202A',
    '\u202E',
    '\u2066',
    '\u2069',
  ])('when the text has the character %j, replaces it and says so', (character) => {
    expect(cleanFreeText(`a${character}b`, 100)).toEqual({
      text: 'a\uFFFDb',
      repairs: ['unprintable characters replaced'],
    });
  });

  it('when half of a surrogate pair stands alone, replaces it', () => {
    expect(cleanFreeText('a\uD83Db', 100).text).toBe('a\uFFFDb');
    expect(cleanFreeText('a\uDE00b', 100).text).toBe('a\uFFFDb');
    // At the very limit it is replaced as well, and nothing is cut.
    expect(cleanFreeText('ab\uD83D', 3)).toEqual({
      text: 'ab\uFFFD',
      repairs: ['unprintable characters replaced'],
    });
  });

  it('when the text is too long, cuts it and says so', () => {
    expect(cleanFreeText('abcdef', 3)).toEqual({ text: 'abc', repairs: ['shortened to 3 characters'] });
  });

  it('when the cut would split a surrogate pair, drops the pair, and keeps one that fits', () => {
    expect(cleanFreeText('ab😀', 3)).toEqual({ text: 'ab', repairs: ['shortened to 3 characters'] });
    expect(cleanFreeText('😀abc', 3)).toEqual({ text: '😀a', repairs: ['shortened to 3 characters'] });
  });

  it('when the text is anything, gives bounded well-formed text that needs no further cleaning', () => {
    const lone = fc.constantFrom('\uD800', '\uDFFF', '\u202E');
    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, lone)), fc.nat(50), (parts, limit) => {
        const { text } = cleanFreeText(parts.join(''), limit);
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);
        expect(cleanFreeText(text, limit)).toEqual({ text, repairs: [] });
      }),
    );
  });
});

describe('quote', () => {
  it('when the text is long or unprintable, quotes its beginning safely', () => {
    expect(quote('a\nb')).toBe('"a\uFFFDb"');
    expect(quote('x'.repeat(500))).toBe(`"${'x'.repeat(80)}"…`);
    expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
  });
});
