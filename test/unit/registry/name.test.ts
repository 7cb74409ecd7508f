import { describe, expect, it } from '@jest/globals';
import {
  isRepositoryName,
  isTag,
  maxRepositoryNameLength,
  maxTagLength,
} from '../../../src/registry/name.ts';

describe('isRepositoryName', () => {
  it.each([
    'app',
    'team/app',
    'a/b/c/d/e',
    'a.b',
    'a_b',
    'a__b',
    'a-b',
    'a---b',
    '0',
    'team/1.2_x',
    'x'.repeat(255),
  ])('when the name is %s, accepts it', (name) => expect(isRepositoryName(name)).toBe(true));

  it.each([
    '',
    'App',
    'a..b',
    'a___b',
    'a._b',
    '-a',
    'a-',
    '.a',
    'a_',
    '/a',
    'a/',
    'a//b',
    'a:b',
    'a@b',
    'a b',
    'a\n',
    'é',
    '../a',
    'a/../b',
    '<script>',
    'x'.repeat(256),
  ])('when the name is %j, refuses it', (name) => expect(isRepositoryName(name)).toBe(false));

  it('when a hostile name almost matches for its whole length, still answers', () => {
    for (const atom of ['a', 'a-', 'a_', 'a__', '-', 'a/', 'a.']) {
      expect(isRepositoryName(`${atom.repeat(100_000)}!`)).toBe(false);
      expect(isRepositoryName(`${atom.repeat(maxRepositoryNameLength / atom.length - 1)}!`)).toBe(false);
    }
  });
});

describe('isTag', () => {
  it.each(['latest', '1.4.2', '_internal', 'A-B_c.9', 'sha256-abc.sig', 'x'.repeat(maxTagLength)])(
    'when the tag is %s, accepts it',
    (tag) => expect(isTag(tag)).toBe(true),
  );

  it.each([
    '',
    '.a',
    '-a',
    'a:b',
    'a/b',
    'a b',
    'a+b',
    'tag\n',
    'ü',
    '<b>',
    '\u202Ea',
    'x'.repeat(maxTagLength + 1),
  ])('when the tag is %j, refuses it', (tag) => expect(isTag(tag)).toBe(false));
});
