import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestAlgorithm, parseDigest } from '../../../src/registry/digest.ts';
import { digestOf } from '../../builders/registry-event.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

describe('parseDigest', () => {
  it('when the text is a registered algorithm and its hexadecimal digits, returns it unchanged', () => {
    fc.assert(
      fc.property(hex(64), hex(128), (short, long) => {
        expect(parseDigest(`sha256:${short}`)).toBe(`sha256:${short}`);
        expect(parseDigest(`sha512:${long}`)).toBe(`sha512:${long}`);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    ['upper-case hexadecimal', `sha256:${'A'.repeat(64)}`],
    ['an upper-case algorithm', `SHA256:${'a'.repeat(64)}`],
    ['63 digits', `sha256:${'a'.repeat(63)}`],
    ['65 digits', `sha256:${'a'.repeat(65)}`],
    ['the other algorithm’s length', `sha512:${'a'.repeat(64)}`],
    ['an algorithm the specification doesn’t register', `sha384:${'a'.repeat(96)}`],
    ['a weak algorithm', `md5:${'a'.repeat(32)}`],
    ['a trailing line break', `sha256:${'a'.repeat(64)}\n`],
    ['a leading space', ` sha256:${'a'.repeat(64)}`],
    ['redacted digits', `sha256:xxxx${'a'.repeat(56)}xxxx`],
    ['no algorithm', 'a'.repeat(64)],
    ['nothing', ''],
  ])('when the text has %s, refuses it', (_, text) => {
    expect(parseDigest(text)).toBeUndefined();
  });

  it('when asked for the algorithm, tells it', () => {
    const long = parseDigest(`sha512:${'0'.repeat(128)}`);
    expect(digestAlgorithm(digestOf('a'))).toBe('sha256');
    expect(long && digestAlgorithm(long)).toBe('sha512');
  });
});
