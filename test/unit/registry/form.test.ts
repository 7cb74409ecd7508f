import { describe, expect, it } from '@jest/globals';
import {
  byteCount,
  digestForm,
  type Form,
  flagForm,
  freeText,
  identifier,
  repositoryForm,
  tagForm,
  textThat,
  timestampForm,
} from '../../../src/registry/form.ts';
import { digestOf } from '../../builders/registry-event.ts';

const note = () => undefined;
const digest = digestOf('app');

describe('a form', () => {
  it.each<[Form<unknown>, RegExp, readonly unknown[], readonly unknown[]]>([
    [
      identifier,
      /^1 to 100 printable characters$/,
      ['x', 'x'.repeat(100), 'ünï codé', '<b>'],
      ['', 'x'.repeat(101), 'a\nb', '\u200Ba', 'a\u2028', 'a\u2029', 7],
    ],
    [
      digestForm,
      /"sha256:" and 64, or "sha512:" and 128, lower-case hex/,
      [digest],
      ['sha256:ab', digest.slice(1), 7],
    ],
    [repositoryForm, /at most 255 lower-case .* such as "team\/app"/, ['team/app'], ['Team/app', '', 7]],
    [tagForm, /at most 128 letters.* not beginning with "\." or "-"/, ['1.4.2', '_'], ['-a', '.a', 'a/b', 7]],
    [byteCount, /whole number of bytes, 0 or more/, [0, 1, Number.MAX_SAFE_INTEGER], [-1, 0.5, 2 ** 53, '1']],
    [flagForm, /^true or false$/, [true, false], ['true', 0, 1]],
    [textThat('an a', (text) => text === 'a'), /^an a$/, ['a'], ['b', 7]],
    [freeText(3), /^text$/, ['a', 'abc'], [7, true, ['a']]],
  ])('$expected reads what has it, and nothing else', (form, words, good, bad) => {
    expect(form.expected).toMatch(words);
    expect(good.map((value) => form.read(value, note))).toEqual(good);
    expect(bad.map((value) => form.read(value, note))).toEqual(bad.map(() => undefined));
  });

  it('of a time reads its milliseconds', () => {
    expect(timestampForm.expected).toMatch(/RFC 3339 timestamp between 1970 and 9999, such as "2026-03-02T/);
    expect(timestampForm.read('2026-03-02T09:15:27.2765857Z', note)).toBe(
      Date.UTC(2026, 2, 2, 9, 15, 27, 276),
    );
    expect(timestampForm.read(1_772_443_527, note)).toBeUndefined();
  });

  it('of free text mends rather than refuses, and notes each repair', () => {
    const notes: string[] = [];
    expect(freeText(3).read('a\nbc', (repair) => notes.push(repair))).toBe('a\uFFFDb');
    expect(notes).toEqual(['shortened to 3 characters', 'unprintable characters replaced']);
  });
});
