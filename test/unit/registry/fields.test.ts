import { describe, expect, it } from '@jest/globals';
import { type Fields, fieldsOf } from '../../../src/registry/fields.ts';
import { noFindings } from '../../../src/registry/findings.ts';
import { byteCount, flagForm, freeText } from '../../../src/registry/form.ts';

/** What is read of outside data at a path, and what is found out about it: `field problem`. */
function read<T>(value: unknown, reading: (fields: Fields) => T, path = '') {
  const findings = noFindings();
  const result = reading(fieldsOf(value, path, findings));
  const problems = findings.problems.map(({ field, problem }) => `${field} ${problem}`);
  return { result, problems, notes: findings.notes };
}

const size = (fields: Fields) => fields.required('size', byteCount);
const expected = 'expected a whole number of bytes, 0 or more';

describe('a field of outside data', () => {
  it.each([
    ['text', 'is "text"'],
    ['x'.repeat(81), `is "${'x'.repeat(80)}"…`],
    [-1, 'is -1'],
    [false, 'is false'],
    [['a'], 'is an array'],
    [{}, 'is an object'],
  ])('that cannot be read is told as it was sent: %j', (sent, told) => {
    expect(read({ size: sent }, size)).toEqual({
      result: undefined,
      problems: [`size ${told}: ${expected}`],
      notes: [],
    });
  });

  it.each([
    ['left out', {}],
    ['undefined', { size: undefined }],
    ['null', { size: null }],
    ['empty text', { size: '' }],
    ['inherited', Object.create({ size: 1 })],
  ])('that is %s is absent: a problem where it is required alone', (_, value) => {
    expect(read(value, size)).toEqual({
      result: undefined,
      problems: [`size is missing: ${expected}`],
      notes: [],
    });
    expect(read(value, (fields) => [fields.optional('size', byteCount), fields.sent('size')])).toEqual({
      result: [undefined, undefined],
      problems: [],
      notes: [],
    });
  });

  it.each([0, false])('that is %j is there', (value) => {
    expect(read({ size: value }, (fields) => fields.sent('size')).result).toBe(value);
    expect(read({ size: 0 }, size)).toEqual({ result: 0, problems: [], notes: [] });
  });

  it('that was mended is noted with its place', () => {
    const name = (fields: Fields) => fields.object('target').optional('name', freeText(2));
    expect(read({ target: { name: 'abc' } }, name)).toEqual({
      result: 'ab',
      problems: [],
      notes: ['target.name shortened to 2 characters'],
    });
  });
});

describe('an object of outside data', () => {
  it.each([
    [undefined, 'is missing'],
    [null, 'is null'],
    [[], 'is an array'],
    ['text', 'is "text"'],
  ])('that is %j in its place is one problem, and none of its fields', (value, told) => {
    const all = (fields: Fields) => [
      size(fields),
      fields.optional('flag', flagForm),
      fields.sent('size'),
      size(fields.object('inside')),
      size(fields.optionalObject('inside')),
      fields.objects('list').length,
      fields.problem('size', 'is odd'),
    ];
    const nothing = [...Array.from({ length: 5 }, () => undefined), 0, undefined];
    expect(read(value, all)).toEqual({
      result: nothing,
      problems: [`$ ${told}: expected an object`],
      notes: [],
    });
    expect(read(value, all, 'data.target').problems).toEqual([`data.target ${told}: expected an object`]);
  });

  it('inside another is told by its path, and may be left out where it is optional', () => {
    const inside = (fields: Fields) => [
      size(fields.object('a').object('b')),
      size(fields.optionalObject('c')),
    ];
    expect(read({ a: { b: {} } }, inside).problems).toEqual([`a.b.size is missing: ${expected}`]);
    expect(read({ a: {}, c: 7 }, inside).problems).toEqual([
      'a.b is missing: expected an object',
      'c is 7: expected an object',
    ]);
    expect(read({ a: { b: { size: 1 } }, c: { size: 2 } }, inside)).toMatchObject({
      result: [1, 2],
      problems: [],
    });
  });

  it('may be sent in another form, which is decoded first', () => {
    const decoded = (fields: Fields) =>
      size(fields.object('data', (sent) => (sent === 'six' ? { size: 6 } : sent)));
    expect(read({ data: 'six' }, decoded).result).toBe(6);
    expect(read({ data: 'seven' }, decoded).problems).toEqual(['data is "seven": expected an object']);
  });

  it('in a list is told by its place, and a list that is none is one problem', () => {
    const sizes = (fields: Fields) => fields.objects('list').map(size);
    expect(read({ list: [{ size: 1 }, 7, { size: -1 }] }, sizes)).toEqual({
      result: [1, undefined, undefined],
      problems: ['list.1 is 7: expected an object', `list.2.size is -1: ${expected}`],
      notes: [],
    });
    expect(read({}, sizes)).toEqual({ result: [], problems: [], notes: [] });
    expect(read({ list: { size: 1 } }, sizes).problems).toEqual([
      'list is an object: expected an array of objects',
    ]);
  });

  it('may have a problem of more than one of its fields, told at one of them', () => {
    expect(read({}, (fields) => fields.problem('size', 'and flag contradict')).problems).toEqual([
      'size and flag contradict',
    ]);
    expect(read({}, (fields) => fields.problem('size', 'is odd'), 'data').problems).toEqual([
      'data.size is odd',
    ]);
  });
});
