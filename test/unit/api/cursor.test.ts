import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursorOf, readCursor } from '../../../src/api/cursor.ts';
import { RequestProblem } from '../../../src/api/problem.ts';
import { recordIdOf } from '../../../src/history/record-id.ts';
import { announcedKey } from '../../../src/storage/keys.ts';

function problemOf(cursor: string): unknown {
  try {
    return readCursor(cursor);
  } catch (error) {
    if (error instanceof RequestProblem) return error.problem;
    throw error;
  }
}

const refused = expect.objectContaining({
  status: 400,
  parameters: [expect.objectContaining({ name: 'cursor' })],
});

describe('cursor', () => {
  it('when it is of any position of a listing, it leads back there', () => {
    const ids = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme-ascii' }).map(recordIdOf);
    const repositories = fc.stringMatching(/^[a-z0-9]{1,100}(\/[a-z0-9]{1,100})?$/);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9e12 }), ids, repositories, (time, id, repository) => {
        const position = announcedKey({ time, id }, repository);
        expect(readCursor(cursorOf(position))).toBe(position);
      }),
    );
  });

  it.each([
    ['empty', ''],
    ['no base64url', 'a b'],
    ['padded', `${cursorOf('8223372036854|a')}=`],
    ['of base64, not base64url', 'ODIyMzM3MjAzNjg1NHx+Pz8/'],
    ['of no position', cursorOf('first')],
    ['of a time only', cursorOf('8223372036854')],
    ['of a key with its prefix', cursorOf('T|prod|8223372036854|a')],
    ['of a short time', cursorOf('822337203685|a')],
    ['beyond all keys', cursorOf('8223372036854|~')],
    ['with a line break', cursorOf('8223372036854|a\nb')],
    ['with a null', cursorOf('8223372036854|a\0')],
    ['with a blank', cursorOf('8223372036854|a b')],
    ['with other letters', cursorOf('8223372036854|ä')],
    ['too long', cursorOf(`8223372036854|${'a'.repeat(601)}`)],
    ['very long', 'A'.repeat(100_000)],
  ])('when it is %s, it is refused by name', (_, cursor) => {
    expect(problemOf(cursor)).toEqual(refused);
  });

  it('when it is arbitrary text, it is a position or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const outcome = problemOf(text);
        if (typeof outcome === 'string') expect(cursorOf(outcome)).toBe(text);
        else expect(outcome).toEqual(refused);
      }),
    );
  });
});
