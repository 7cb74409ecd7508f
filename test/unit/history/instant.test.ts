import { describe, expect, it } from '@jest/globals';
import {
  compareInstants,
  earlierOf,
  type Instant,
  isAfter,
  isSameInstant,
  laterOf,
} from '../../../src/history/instant.ts';
import { instantAt } from './instants.ts';

const early = instantAt(0, 'a');
const [older, newer] = [instantAt(1, 'b'), instantAt(1, 'a')];

describe('when two instants are compared', () => {
  it('the earlier is before the later, and of one millisecond the larger id', () => {
    expect([newer, early, older].sort(compareInstants)).toEqual([early, older, newer]);
    expect([older, newer, early].sort(compareInstants)).toEqual([early, older, newer]);
    expect(compareInstants(older, { ...older })).toBe(0);
  });

  it.each<[Instant, Instant | undefined, boolean]>([
    [newer, older, true],
    [older, newer, false],
    [older, early, true],
    [older, { ...older }, false],
    [early, undefined, true],
  ])('%j is after %j: %s', (a, b, expected) => {
    expect(isAfter(a, b)).toBe(expected);
  });

  it('the later and the earlier of them are told, and of one that one', () => {
    expect([laterOf(older, newer), laterOf(newer, older)]).toEqual([newer, newer]);
    expect([earlierOf(older, newer), earlierOf(newer, older)]).toEqual([older, older]);
    expect([laterOf(early, undefined), earlierOf(early, undefined)]).toEqual([early, early]);
  });

  it.each<[Instant | undefined, boolean]>([
    [{ ...older }, true],
    [newer, false],
    [{ ...older, time: early.time }, false],
    [undefined, false],
  ])('an instant is the same as %j: %s', (other, expected) => {
    expect(isSameInstant(older, other)).toBe(expected);
  });
});
