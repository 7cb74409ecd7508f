import { describe, expect, it } from '@jest/globals';
import {
  type Bounds,
  durationBetween,
  oneOf,
  type StrictFields,
  strictFieldsOf,
  truth,
  wholeNumber,
} from '../../../src/protection/strict-fields.ts';
import { noFindings } from '../../../src/registry/findings.ts';

/** What is read of an object at `rule`, and the problems as `field problem`. */
function read<T>(value: unknown, reading: (fields: StrictFields) => T, path = 'rule') {
  const findings = noFindings();
  const result = reading(strictFieldsOf(value, path, findings, ['text', 'list', 'inside']));
  return { result, problems: findings.problems.map(({ field, problem }) => `${field} ${problem}`) };
}

const hour = 3_600_000;

describe('a form with bounds', () => {
  const note = () => undefined;

  it.each([
    ['a whole number', wholeNumber(2, 4), [2, 3, 4], [1, 5, 2.5, '3', Number.NaN, undefined]],
    ['a flag', truth, [true, false], ['true', 0, null]],
    ['one of some texts', oneOf(['a', 'b']), ['a', 'b'], ['c', 'A', '', 0, undefined]],
  ])('of %s reads what is in them, and nothing else', (_, form, good, bad) => {
    expect(good.map((value) => form.read(value, note))).toEqual(good);
    expect(bad.map((value) => form.read(value, note))).toEqual(bad.map(() => undefined));
  });

  it('of a duration reads both its ends, and no number or list', () => {
    const form = durationBetween('PT1H', 'P1D');
    const durations = ['PT1H', 'P1D', 'PT59M59S', 'P1DT1S', 'soon', 3_600_000, ['PT1H']];
    expect(durations.map((value) => form.read(value, note))).toEqual([
      hour,
      24 * hour,
      ...durations.slice(2).map(() => undefined),
    ]);
  });

  it.each([
    [wholeNumber(2, 4), 'a whole number from 2 to 4'],
    [truth, 'true or false'],
    [oneOf(['a', 'b']), 'one of a, b'],
    [durationBetween('PT1H', 'P1D'), 'weeks, or in days, hours, minutes and seconds, from PT1H to P1D'],
  ])('says what it expects', ({ expected }, words) => {
    expect(expected).toContain(words);
  });
});

describe('an object that people write', () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      'a field that is not known',
      { txt: 'a' },
      ['rule.txt is not a known field: expected one of text, list, inside'],
    ],
    ['a field that is null', { text: null }, ['rule.text is empty: leave it out or give it a value']],
    ['an empty text', { text: '' }, ['rule.text is empty: leave it out or give it a value']],
    [
      'a name that is unprintable',
      { 'a\nb': 1 },
      ['rule."a\uFFFDb" is not a known field: expected one of text, list, inside'],
    ],
    ['a list in its place', ['text'], ['rule is an array: expected an object']],
    ['text in its place', 'text', ['rule is "text": expected an object']],
  ])('with %s is told so once', (_, value, problems) => {
    expect(read(value, (fields) => fields.has('txt') && fields.optional('text', truth)).problems).toEqual(
      problems,
    );
  });

  it('that is the whole document is named by its fields alone', () => {
    expect(read({ txt: 1 }, (fields) => fields.pattern('text'), '').problems).toEqual([
      expect.stringMatching(/^txt is not a known field/),
      'text is missing: expected a regular expression that the whole text has to match',
    ]);
  });

  it('has a name in full up to 40 characters, and in quotes beyond', () => {
    const [full, quoted] = ['n'.repeat(40), 'n'.repeat(41)];
    expect(
      read({ [full]: 1, [quoted]: 1 }, () => 0).problems.map((problem) => problem.split(' ')[0]),
    ).toEqual([`rule.${full}`, `rule."${quoted}"`]);
  });

  it('has a field however empty that is, and says nothing more of one that is required', () => {
    const { result, problems } = read({ text: null }, (fields) => [
      fields.has('text'),
      fields.has('list'),
      fields.required('text', truth),
    ]);
    expect(result).toEqual([true, false, undefined]);
    expect(problems).toHaveLength(1);
  });

  it('has objects inside, whose fields are as strict', () => {
    const inside = (value: unknown) =>
      read(value, (fields) => [
        fields.optionalObject('inside', ['name'])?.has('name'),
        ...fields.objects('list', ['name'], { min: 0, max: 2 }).map(({ has }) => has('name')),
      ]);
    expect(inside({})).toEqual({ result: [undefined], problems: [] });
    expect(inside({ inside: { name: 1 }, list: [{ name: 1 }, { nam: 1 }] })).toEqual({
      result: [true, true, false],
      problems: ['rule.list.1.nam is not a known field: expected one of name'],
    });
  });
});

describe('a list that people write', () => {
  const numbers = (bounds: Bounds) => (fields: StrictFields) =>
    fields.list('list', wholeNumber(1, 9), bounds);

  it.each<[string, unknown, Bounds, readonly number[], readonly string[]]>([
    ['as short as may be', { list: [1] }, { min: 1, max: 3 }, [1], []],
    ['as long as may be', { list: [1, 2, 3] }, { min: 1, max: 3 }, [1, 2, 3], []],
    ['absent where it may be empty', {}, { min: 0, max: 3 }, [], []],
    ['absent where it may be left out', {}, { min: 1, max: 3, optional: true }, [], []],
    ['absent', {}, { min: 1, max: 3 }, [], ['rule.list is missing: expected a list of 1 to 3']],
    ['null', { list: null }, { min: 1, max: 3 }, [], ['rule.list is empty: leave it out or give it a value']],
    ['empty', { list: [] }, { min: 1, max: 3 }, [], ['rule.list is a list of 0: expected a list of 1 to 3']],
    [
      'too long',
      { list: [1, 2] },
      { min: 0, max: 1 },
      [],
      ['rule.list is a list of 2: expected a list of 0 to 1'],
    ],
    [
      'no list',
      { list: { length: 1 } },
      { min: 0, max: 1 },
      [],
      ['rule.list is no list: expected a list of 0 to 1'],
    ],
    [
      'with items that cannot be read',
      { list: [0, 5, null] },
      { min: 0, max: 3 },
      [5],
      [
        'rule.list.0 is 0: expected a whole number from 1 to 9',
        'rule.list.2 is missing: expected a whole number from 1 to 9',
      ],
    ],
  ])('that is %s is read, or told with its place', (_, value, bounds, result, problems) => {
    expect(read(value, numbers(bounds))).toEqual({ result, problems });
  });

  it('of patterns is read without those that are none', () => {
    const { result, problems } = read({ list: ['a.*', '(', 7] }, (fields) =>
      fields.patterns('list', { min: 1, max: 3 }).map(({ text }) => text),
    );
    expect(result).toStrictEqual(['a.*']);
    expect(problems).toEqual([
      expect.stringMatching(/^rule\.list\.1 .*RE2/),
      'rule.list.2 is 7: expected a regular expression that the whole text has to match',
    ]);
  });
});
