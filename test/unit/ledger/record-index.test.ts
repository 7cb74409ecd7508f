import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from '../../../src/ledger/merkle-tree.ts';
import { recordIndex } from '../../../src/ledger/record-index.ts';

const name = (number: number) => ({
  repository: `team/app-${number % 3}`,
  recordId: `record-${number}`,
  occurredAt: 0,
});
const leaf = (number: number) => leafHash(Buffer.from(String(number)));

describe('an index of records', () => {
  it('finds each record that it was given, at its place and with its leaf, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 5_000 }), { maxLength: 3_000 }), (numbers) => {
        const index = recordIndex();
        for (const [place, number] of numbers.entries()) {
          expect(index.add(name(number), place * 2, leaf(number))).toBeUndefined();
        }
        expect(index.count()).toBe(numbers.length);
        for (const [place, number] of numbers.entries()) {
          expect(index.find(name(number))).toBe(place * 2);
          expect(index.isLeafAt(place * 2, leaf(number))).toBe(true);
          expect(index.isLeafAt(place * 2, leaf(number + 1))).toBe(false);
          expect([index.has(place * 2), index.has(place * 2 + 1)]).toEqual([true, false]);
        }
        expect(index.find(name(5_001))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it('when it has grown several times, still finds each record, with its leaf', () => {
    const index = recordIndex();
    const numbers = Array.from({ length: 1_500 }, (_, number) => number);
    for (const number of numbers) index.add(name(number), number, leaf(number));
    const isFound = (number: number) =>
      index.find(name(number)) === number && index.has(number) && index.isLeafAt(number, leaf(number));
    expect(numbers.filter((number) => !isFound(number))).toEqual([]);
    expect([index.find(name(1_500)), index.has(1_500), index.count()]).toEqual([undefined, false, 1_500]);
  });

  it.each([
    ['the first', [587, 2_684, 2_904]],
    ['the last', [163, 1_219, 2_087]],
  ])('when names meet in %s of its slots, keeps them apart', (_, numbers) => {
    const index = recordIndex();
    for (const number of numbers) index.add(name(number), number, leaf(number));
    expect(numbers.map((number) => index.find(name(number)))).toEqual(numbers);
    expect(index.count()).toBe(3);
  });

  it.each([1_023, 1_024, 5_000])('when its first record is entry %i, has room for it', (at) => {
    const index = recordIndex();
    index.add(name(1), at, leaf(1));
    index.add(name(2), 10, leaf(2));
    expect([index.has(at), index.isLeafAt(at, leaf(1))]).toEqual([true, true]);
    expect([index.has(10), index.isLeafAt(10, leaf(2))]).toEqual([true, true]);
  });

  it('tells where the first record of a name is, and the same id elsewhere or at another time is another', () => {
    const index = recordIndex();
    expect(index.add(name(1), 10, leaf(1))).toBeUndefined();
    expect(index.add(name(1), 11, leaf(2))).toBe(10);
    expect(index.add({ ...name(1), repository: 'other' }, 12, leaf(1))).toBeUndefined();
    expect(index.add({ ...name(1), occurredAt: 1 }, 13, leaf(1))).toBeUndefined();
    expect(index.has(11)).toBe(false);
  });

  it('holds no leaf of an entry that it was not given', () => {
    const index = recordIndex();
    index.add(name(1), 10, leaf(1));
    expect(index.isLeafAt(3, new Uint8Array(32))).toBe(false);
    expect(index.isLeafAt(10, leaf(1))).toBe(true);
  });

  it('has no room for more entries than it can number', () => {
    const at = 2 ** 32 - 1;
    expect(() => recordIndex().add(name(1), at, leaf(1))).toThrow(
      new RangeError(`no room for an entry at ${at}`),
    );
  });
});
